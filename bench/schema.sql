-- The floor's legacy LIS, at the scale of psql variables patients, requests. bigint series: i*7919 passes int4.
set synchronous_commit = off;
create table patient(id bigint, nip text not null, nom text, nom_jf text, prenom text, sexe char(1),
  date_naissance date, adresse text, cp varchar(5), ville text, tel text, nss text, cree_le timestamp);
insert into patient select i, 'P'||lpad(i::text,9,'0'), 'NOM'||(hashint8(i)%90000)::text,
  case when i%3=0 then 'JF'||(i%7000) end,
  (array['Marie','Jean','Zoé','André','Éloïse','Paul','Inès','Noël'])[1+i%8], case when i%2=0 then 'F' else 'M' end,
  date '1930-01-01'+ (abs(hashint8(i*7))%32000)::int, (i%200)||' rue de l''Église', lpad((i%95000)::text,5,'0'),
  'Ville '||(i%3000), '06'||lpad((i%99999999)::text,8,'0'), '1'||lpad((i*7919%100000000000000)::text,14,'0'),
  timestamp '2015-01-01'+ (i%3000)*interval '1 hour' from generate_series(1::bigint, :patients) i;
create table demande(id bigint, numero text not null, patient_id bigint not null,
  date_prelevement timestamp not null, date_reception timestamp, service text, prescripteur text, urgent boolean,
  statut char(1), note_clinique text);
insert into demande select i, 'D'||lpad(i::text,10,'0'), 1+abs(hashint8(i))%:patients,
  timestamp '2015-01-01' + (i::numeric/:requests*2192)*interval '1 day' + (abs(hashint8(i*3))%36000)*interval '1 second',
  timestamp '2015-01-01' + (i::numeric/:requests*2192)*interval '1 day' + interval '11 hours',
  (array['URG','CARDIO','MED1','PED','ONCO'])[1+i%5], 'DR '||(i%900), i%9=0, 'V',
  case when i%11=0 then 'Patient sous AVK, contrôle INR, à jeun' end from generate_series(1::bigint, :requests) i;
create table resultat(id bigint, demande_id bigint not null, code text not null, valeur_num numeric(14,4),
  valeur_txt text, unite text, norme_min numeric(14,4), norme_max numeric(14,4), anormal boolean, valide_par text,
  valide_le timestamp, commentaire text);
