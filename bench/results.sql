-- Results a to b of :results (psql variables).
set synchronous_commit = off;
insert into resultat select i, (i-1)/10+1,
  (array['GLU','NA','K','CREAT','HB','PLQ','CRP','TSH','INR','ASAT','ALAT','UREE','FERR','HBA1C','CHOL','LDL','HDL',
    'TRIG','CA','MG'])[1+abs(hashint8(i))%20],
  case when i%12<>0 then (abs(hashint8(i*5))%1000000)/1000.0 end,
  case when i%12=0 then (array['Négatif','Positif','Absence','Rares hématies','< 0,5',
    'Présence de Escherichia coli'])[1+(i/12)%6] end,
  case when i%12<>0 then (array['mmol/L','g/L','µmol/L','UI/L','mg/L','G/L','%'])[1+i%7] end,
  (i%50)/10.0, (i%50)/10.0+5, i%13=0, 'bio'||(i%12),
  timestamp '2015-01-01' + (i::numeric/:results*2192)*interval '1 day' + interval '14 hours',
  case when i%200=0 then repeat('Résultat contrôlé sur un second prélèvement ; à interpréter selon le contexte'
    ' clinique. ', 4+((i/200)%12)::int) when i%15=0 then 'Contrôlé' end
  from generate_series(:a::bigint, :b) i;
