"""Frequent first names in France, from wherever they come, and in English-speaking countries: signs of persons.

From common knowledge, not from a list.
"""

_NAMES = """
aaron abdallah abdel abdelkader abdou abdoulaye abdul abigail adam adama adel adele adeline adnan adrian adrien
agathe agnes agnieszka ahmed aicha aida aidan aime aisha aissata aissatou akim alain alan alassane albert alejandro
aleksandra alex alexandra alexandre alexis alfie alice alina aline alioune alison alix alma alois amadou amanda
amandine amar amel amelia amelie ameline amina amir amira amy ana anais anas andre andrea andree andreea andrew
andrzej ange angela angele angelique ania anissa anita anna anne annick annie anouk anthony antoine antoinette
antonia antonio antony apolline archie arda ariane ariel aris arlette armand armel armelle arnaud arthur ashley
asma assia astrid audrey auguste aurelie aurelien austin ava awa axel aya ayoub ayse aziz azzedine bakary baptiste
barbara barbora barnabe bastien beata beatrice ben benedicte benjamin benoit berengere berenice bernadette bernard
bertille bertrand beth betty beverly bilal billy blandine bobby boris boubacar bradley brahim brandon brenda brian
brice brigitte bruce bruna bruno burak camille cansu capucine carine carl carla carlos carmen carol carole caroline
carolyn cassandra catherine cecile cedric celestin celestine celia celine cem chaima chantal charles charlie
charline charlotte cheikh cheryl chloe chris christelle christian christiane christina christine christophe
christopher cindy claire clara claude claudette claudine clemence clement cleo clotilde cody colette coline connor
coralie corentin corinne cosima craig cynthia cyprien cyril cyrille daisy dalila damien dan daniel daniele danielle
danila daouda david deborah debra delphine denis denise deniz dennis derek diana diane didier diego dimitri djamel
djibril dolores dominique donald donna dora doris dorothee dorothy douglas driss dylan edgar edith edmond edouard
edward eglantine eileen elea eleanor elena eleonore eliane elias elif elisa elisabeth elise elizabeth ella ellen
elodie eloise elvire emeline emil emile emilie emily emma emmanuel emmanuelle emre enzo eric erin ernest erwan
esteban estelle esther ethan etienne eugene eulalie eva eve evelyne evie ewa fabien fabienne fabrice fanny fanta
farah farid farida fatih fatiha fatima fatimata fatma fatou fatoumata faustine felicie felix ferdinand fernand
fernande fernando filipe fiona flavie flora florence florent florian fode fouad foucauld france francine francis
franck francois francoise frank fred frederic frederique freya gabin gabriel gabriela gabrielle gael gaelle gareth
gary gaspard gaston gavin gemma genevieve geoffrey george georges georgette gerald geraldine gerard germaine
ghislaine gilbert gilberte gilles ginette giovanni gisele giulia gloria goran grace graham greg gregoire gregory
grzegorz guilhem guillaume guillemette gunther gustave guy gwen gwenael gwenaelle gwendoline habib hakan hakim
halima hamid hamza hana hannah harold harriet harry hassan hatice heather hector hedi heinrich helen helena helene
helga helmut henri henriette henrique henry herbert hermine herve hichem hilda holly honore hortense houda howard
hubert hugo hugues huguette hung huong ian ibrahim ibrahima idriss ilan ilyes imane imen ines ingrid ioana irene
iris isaac isabella isabelle isla issa issam ivan jack jackie jacob jacqueline jacques jade jake jamal james jamie
jamila jan jane janet janice janina jason jay jean jeanne jeannette jeannine jeannot jeffrey jennifer jenny jeremy
jerome jerry jerzy jesse jessica jessie jill jim jimmy jo joachim joan joana joanna joanne joao joaquim joaquin joe
joel joelle johan johanna john johnny jonas jonathan jordan jorge jose josefa joseph josephine josette joshua
josiane joyce jozef juan judith judy jules julia juliane julie julien juliette jurgen justin justine kadiatou kamel
karen karim karima karine karol karolina katarzyna kate katherine kathleen kathryn katie keith kelly kenneth kenza
kerry kevan kevin khadidja khadija khaled kim kimberly kirsty klara koffi krzysztof kyle ladislas laetitia lahcen
laila lamia lan lara larry latifa laura laure lauren laurence laurie lawrence lea leah lee leila lena leo leon
leonard leonardo leonie leopold lewis liam lidia lilia lilian lilou lina linda lindsay line linh lionel lisa lise
loan logan loic lola lorenzo lorraine lou louane louis louise lounes luc luca lucas lucette lucia lucie lucien
lucienne lucile lucy ludivine ludmila ludovic luis luisa luiz luke lydia lydie lyna lynn macha madeleine madison
madjid mael maelle maelys maeva magali magdalena mahmoud maimouna maite malak malgorzata malik malika mamadou manel
manolo manon manuel marc marcel marcelle marcelo marcin margaret margaux margot marguerite maria mariam mariama
marianne marie marielle marine mario marion marius marjorie mark marlene marouane marta martha marthe martin
martine marwa marwan mary maryam maryse mason mateo matheo mathieu mathilde mathis matilde matt matthew matthieu
maurice mauricette max maxime maximilien maya mayssa medhi megan mehdi mehmet melanie melina melissa melissandre
meriem merve meryem mia michael michal michel michele micheline michelle mickael miguel mihai mike milena mina minh
mircea mireille mirella modou mohamed mohammad mohammed moise molly mona monika monique morgane mounir moussa
muhammad murat muriel mustafa mustapha myriam myrtille nabil nadege nadia nadine nadir naima najat nancy nassim
natalie natasha nathalie nathan nathanael nawel nedjma neil nelly nelson nesrine nestor ngoc nicholas nicola
nicolas nicole nigel nikola nina ninon noa noe noel noelle noemie nolan nora nordine nour noura odette odile odilon
olga oliver olivia olivier olympe omar ophelie oriane ornella oscar othmane oumar ousmane owen pablo pamela paola
paolo pascal pascale patrice patricia patrick paul paula paule paulette pauline paulo pawel pedro perrine peter
phil philip philippe phoebe phyllis pia pierre pierrette pietro piotr poppy quentin quitterie rabah rachel rachid
rachida rafael raissa ralph ramon ramzi randy rania raoul raphael rayan rayane raymond raymonde rebecca reda regine
regis remi remy renaud rene renee rhys ricardo richard rita robert roberto robin rodolphe rodrigo roger rokia
roland romain romane romeo ronald ronan rory rosa rosalie rose roseline rosie roxane roy ruben ruby russell ruth
ryan saad sabine sabri sabrina sacha sadio safia said salah salim salima sally salma salome salvador sam samantha
sami samia samir samira samuel sana sandra sandrine sandro sara sarah saskia scott sean sebastian sebastien
segolene selim selma serge sergio severine seynabou sharon shaun shirley sidonie sihem simon simona simone sixtine
slimane sofia sofiane solange solene soline solveig sonia sophia sophie soraya souad soukaina soumaya stacey
stanislas stanley steeve stefan stephane stephanie stephen steven stuart sue susan suzanne suzette svetlana swann
sylvain sylvestre sylvie tahar tania tarek tariq tatiana teresa terry thanh thelma theo theodora theodore theophile
theresa therese thi thiago thibaud thibault thibaut thierry thomas tiago tim timeo timothee timothy tina titouan
toby tom tomas tomasz tony tracy trang tristan tuan tyler ugo ulysse urbain ursula usman vadim valentin valentine
valeria valerie vanessa vasco vasile vera veronique victor victoria victorine viktor vincent virginia virginie
viviane vladimir wafa walid walter wassim wayne wendy wiktor wilfried wilhelm william wolfgang xavier xenia yacine
yael yahya yann yannick yara yasin yasmina yasmine yassin yassine yelena ylan yohan yolande youcef younes youri
youssef ysee yusuf yvan yvanne yves yvette yvon yvonne yvonnick zacharie zachary zahra zaina zainab zaki zeinab
zelie zeynep ziad zied zineb zinedine zoe zofia zohra
"""

GIVEN_NAMES = frozenset(_NAMES.split())
