drop table if exists resultat, demande, patient, ecluse_ledger, ecluse_publication;
create table patient (id text primary key, nip text);
create table demande (id text primary key, patient_id text, numero text, date_prelevement timestamp);
create table resultat (id text, demande_id text, code text, valeur_num numeric(14,4), valeur_txt text, unite text,
  commentaire text);
