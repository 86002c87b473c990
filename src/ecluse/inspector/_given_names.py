"""Frequent first names in France and English-speaking countries, from common knowledge: signs of a column of names."""

_NAMES = """
aaron abigail adam adele adrian adrien agathe agnes aidan aime aisha alain alan albert alex alexandra alexandre
alexis alfie alice aline alison alix amanda amandine amelia amelie amina amy anais andre andrea andree andrew ange
angela angele angelique anna anne annick annie anthony antoine antoinette antony archie ariane arlette armand arnaud
arthur ashley astrid audrey auguste aurelie aurelien austin ava axel baptiste barbara bastien beatrice ben benjamin
benoit bernadette bernard bertrand beth betty beverly billy blandine bobby bradley brandon brenda brian brigitte
bruce bruno camille capucine carine carl carol carole caroline carolyn catherine cecile cedric celine chantal
charles charlie charlotte cheryl chloe chris christelle christian christiane christina christine christophe
christopher claire clara claude claudette claudine clemence clement cody colette coline connor corentin corinne
craig cynthia cyril cyrille daisy damien dan daniel daniele danielle david deborah debra delphine denis denise
dennis derek diana diane didier dominique donald donna doris dorothee dorothy douglas dylan edith edouard edward
eileen elea eleanor elena eleonore eliane elias elisa elisabeth elise elizabeth ella ellen elodie eloise emile
emilie emily emma emmanuel emmanuelle enzo eric erin ernest estelle esther ethan etienne eugene eva evelyne evie
fabien fabienne fabrice fanny fatima felix fernand fernande fiona flora florence florent florian france francine
francis franck francois francoise frank fred frederic frederique freya gabin gabriel gabrielle gael gaelle gareth
gary gaston gavin gemma genevieve geoffrey george georges georgette gerald geraldine gerard germaine ghislaine
gilbert gilberte gilles ginette gisele gloria grace graham greg gregory guillaume guy gwenaelle hannah harold
harriet harry heather hector helen helene henri henriette henry herve holly howard hubert hugo hugues ian ines irene
iris isaac isabella isabelle isla jack jackie jacob jacqueline jacques jade jake james jamie jan jane janet janice
jason jay jean jeanne jeannine jeffrey jennifer jenny jeremy jerome jerry jesse jessica jessie jill jim jo joan
joanna joanne joe joel joelle john johnny jonathan jordan jose joseph josephine josette joshua josiane joyce juan
judith judy jules julia julie julien juliette justin justine karen karim karine kate katherine kathleen kathryn
katie keith kelly kenneth kerry kevin kimberly kirsty kyle laetitia larry laura lauren lawrence lea leah lee leo
leon leonie lewis liam lilou lina linda lindsay line lionel lisa logan loic lola lorraine lou louane louis louise
luc lucas lucette lucie lucien lucienne lucy ludovic luke lydia lydie lynn madeleine madison mael maelys magali
manon manuel marc marcel marcelle margaret margaux margot marguerite maria marie marine marion marius mark martha
marthe martin martine mary mason mateo mathieu mathilde mathis matt matthew matthieu maurice maxime megan melanie
melissa mia michael michel michele micheline michelle mickael mike mireille mohamed mohammad mohammed molly monique
morgane muriel myriam nadia nadine nancy natalie natasha nathalie nathan neil nicholas nicolas nicole nigel nina noa
noe noel noelle noemie nolan nora odette odile oliver olivia olivier ophelie oscar owen pamela pascal pascale
patrice patricia patrick paul paule paulette pauline peter phil philip philippe phoebe phyllis pierre pierrette
poppy quentin rachel rachid ralph randy raphael raymond raymonde rebecca regine regis remi remy rene renee rhys
richard robert robin rodolphe roger roland romain romane ronald rory rosalie rose roseline rosie roy ruben ruby
russell ruth ryan sabine sabrina sacha sally salome sam samantha samia samir samuel sandra sandrine sarah scott sean
sebastien serge severine sharon shaun shirley simon simone solange sonia sophia sophie stacey stanley stephane
stephanie stephen steven stuart sue susan suzanne sylvain sylvie tatiana teresa terry theo theodore theresa therese
thibault thierry thomas tim timothee timothy tina toby tom tony tracy tristan tyler valentin valentine valerie
vanessa veronique victor victoria vincent virginia virginie viviane walter wayne wendy william xavier yann yannick
yasmine yohan yolande youssef yves yvette yvonne zachary zoe
"""

GIVEN_NAMES = frozenset(_NAMES.split())
