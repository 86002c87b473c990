alter table patient add primary key (id);
alter table demande add primary key (id);
alter table resultat add primary key (id);
create index on resultat(demande_id);
create index on demande(date_prelevement);
create view ordered as select p.nip, d.numero, d.date_prelevement, r.code, r.valeur_num, r.valeur_txt, r.unite,
  r.commentaire from resultat r join demande d on d.id=r.demande_id join patient p on p.id=d.patient_id
  where d.date_prelevement>='2018-01-01' and d.date_prelevement<'2020-01-01';
vacuum analyze;
