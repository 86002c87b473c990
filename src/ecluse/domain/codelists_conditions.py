"""LOINC codes of HIV, pregnancy, drugs and toxicology, blood group. LOINC notice: ``codelist_sources``."""

from ecluse.domain import codelist_sources as sources
from ecluse.domain.codelist_sources import CodeList, codes
from ecluse.domain.sensitive import SensitiveCategory

HIV = CodeList(
    category=SensitiveCategory.HIV,
    en="HIV antibodies and antigens, all assays and specimens",
    fr="Anticorps et antigènes du VIH, toutes techniques",
    source=sources.VSAC_HIV,
    misses="genotyping, cultures and viral loads (see the other lists)",
    verified=True,
    codes=codes("""
    5220-9 5221-7 5222-5 5223-3 5224-1 5225-8 7917-8 7918-6 7919-4 9660-2 9661-0 9662-8 9663-6 9664-4
    9665-1 9666-9 9667-7 9668-5 9669-3 9821-0 10901-7 10902-5 11078-3 11079-1 11080-9 11081-7 11082-5
    12855-3 12856-1 12857-9 12858-7 12859-5 12870-2 12871-0 12872-8 12875-1 12876-9 12893-4 12894-2
    12895-9 13499-9 13920-4 14092-1 14126-7 16132-3 16974-8 16975-5 16976-3 16977-1 16978-9 16979-7
    18396-2 19110-6 21007-0 21331-4 21332-2 21334-8 21335-5 21336-3 21337-1 21338-9 21339-7 21340-5
    22356-0 22357-8 22358-6 24012-7 28004-0 28052-9 29327-4 29893-5 30361-0 31072-2 31073-0 31201-7
    31430-2 32571-2 32602-5 32827-8 32842-7 33508-3 33660-2 33806-1 33807-9 33866-5 34591-8 34592-6
    35437-3 35438-1 35439-9 35440-7 35441-5 35442-3 35443-1 35444-9 35445-6 35446-4 35447-2 35448-0
    35449-8 35450-6 35452-2 35564-4 35565-1 40437-6 40438-4 40439-2 40732-0 40733-8 41143-9 41144-7
    41145-4 41290-8 42339-2 42600-7 42627-0 42768-2 43008-2 43009-0 43010-8 43011-6 43012-4 43013-2
    43185-8 43599-0 44531-2 44532-0 44533-8 44607-0 44872-0 44873-8 45212-8 47029-4 48345-3 48346-1
    49483-1 49580-4 49718-0 49905-3 51786-2 53379-4 53601-1 54086-4 56888-1 57974-8 57975-5 57976-3
    57977-1 57978-9 58900-2 62456-9 68961-2 69668-2 73905-2 73906-0 75622-1 75666-8 77685-6 80203-3
    80387-4 81641-3 83101-6 85037-0 85686-4 86233-4 86657-4 89365-1 89374-3 104732-3 105080-6
    """),
)

HIV_LOAD = CodeList(
    category=SensitiveCategory.HIV,
    en="HIV viral load",
    fr="Charge virale du VIH",
    source=sources.VSAC_HIV_LOAD,
    misses="proviral DNA, resistance",
    verified=True,
    codes=codes("""
    10351-5 20447-9 21008-8 21333-0 23876-6 29539-4 29541-0 41514-1 41515-8 41516-6 48510-2 48511-0
    48552-4 51780-5 59419-2 62469-2 69354-9 70241-5 104762-0 104781-0
    """),
)

HIV_COMMON = CodeList(
    category=SensitiveCategory.HIV,
    en="common HIV tests, genotype and resistance included",
    fr="Examens courants du VIH, génotype et résistance compris",
    source=sources.TOP,
    misses="whatever is not common",
    verified=True,
    codes=codes("""
    5221-7 5222-5 7917-8 7918-6 9660-2 9661-0 9662-8 9664-4 9666-9 9667-7 9668-5 12856-1 12859-5 13499-9
    20447-9 23876-6 24012-7 24013-5 25835-0 25836-8 29539-4 29541-0 29893-5 30361-0 31201-7 33630-5
    35452-2 42768-2 44533-8 44607-0 48345-3 48346-1 49573-9 49580-4
    """),
)

HIV_NAMED = CodeList(
    category=SensitiveCategory.HIV,
    en="HIV-2 proviral DNA, HIV-1 viral load",
    fr="ADN proviral du VIH 2, charge virale du VIH 1",
    source=sources.RWANDA,
    misses="everything else",
    verified=True,
    codes=codes("""
    25836-8 25842-6
    """),
)

PREG_COMMON = CodeList(
    category=SensitiveCategory.PREGNANCY,
    en="hCG, prenatal screening, gestation, amniotic fluid, cord blood",
    fr="hCG, dépistage prénatal, terme, liquide amniotique, sang de cordon",
    source=sources.TOP,
    misses="indirect signs (see the list of those)",
    verified=True,
    codes=codes("""
    2106-3 2110-5 2111-3 2112-1 2115-4 2118-8 4633-4 11778-8 11878-6 11884-4 14716-5 14906-2 14976-5
    15050-8 15064-9 18185-9 19080-1 19098-3 19125-4 19171-8 20404-0 20450-3 20465-1 20466-9 20499-0
    21198-7 21264-7 21299-3 23811-3 23841-0 28637-7 28640-1 28641-9 28642-7 28643-5 28644-3 28645-0
    28646-8 28647-6 28648-4 28649-2 30165-5 30243-0 32046-5 32140-6 32166-1 33069-6 33773-3 36904-1
    43993-5 43994-3 43995-0 45371-2 47223-3 47226-6 48039-2 48803-1 49051-6 49090-4 49092-0 49572-1
    49588-7 51892-8
    """),
)

PREG_MARKERS = CodeList(
    category=SensitiveCategory.PREGNANCY,
    en="hCG in all fluids, prenatal chromosome analyses",
    fr="hCG dans tous les liquides, analyses chromosomiques prénatales",
    source=sources.MCODE,
    misses="everything else",
    verified=True,
    codes=codes("""
    2111-3 2113-9 2114-7 2527-0 14041-8 19174-2 19175-9 20415-6 21198-7 29154-2 43799-6 43800-2 55192-9
    55193-7 55868-4 55869-2 56497-1 57038-2 57317-0 57453-3 57454-1 62346-2 62347-0 62354-6 66762-6
    66763-4 82238-7 82240-3 82241-1 82242-9 82245-2 82247-8 84917-4 84918-2 84919-0 94338-1
    """),
)

DRUGS_COMMON = CodeList(
    category=SensitiveCategory.DRUGS,
    en="drug levels, drugs of abuse, alcohols, metals: LOINC class DRUG/TOX",
    fr="Dosages de médicaments, stupéfiants, alcools, métaux : classe LOINC DRUG/TOX",
    source=sources.TOP,
    misses="LOINC holds thousands more of this class; what is not common is unclassifiable",
    verified=True,
    codes=codes("""
    3297-9 3299-5 3349-8 3376-1 3377-9 3389-4 3390-2 3393-6 3397-7 3414-0 3426-4 3436-3 3507-1 3520-4
    3663-2 3665-7 3719-2 3746-5 3773-9 3779-6 3786-1 3830-7 3854-7 3861-2 3879-4 3936-2 4023-8 4057-6
    4059-2 4073-3 4090-7 4092-3 5569-9 5639-0 5644-0 8144-8 8146-3 8149-7 8150-5 8169-5 8187-7 8191-9
    8214-9 8216-4 8220-6 8234-7 9428-4 9834-3 10366-3 10976-9 10998-3 11004-9 11235-9 11253-2 12286-1
    12308-3 12361-2 14314-9 14316-4 14334-7 14581-3 14582-1 14639-9 14698-5 14719-9 14721-5 14802-3
    14807-2 14812-2 14835-3 14836-1 14874-2 14877-5 14909-6 14915-3 14946-8 15114-2 15120-9 16195-0
    17395-5 17713-9 18282-4 18325-1 18390-5 19141-1 19261-7 19270-8 19287-2 19295-5 19296-3 19312-8
    19343-3 19415-9 19429-0 19550-3 19554-5 19593-3 19643-6 19659-2 19710-3 20469-3 20578-1 22745-4
    22746-2 22747-0 22751-2 22752-0 25170-2 25361-7 25458-1 25459-9 25726-1 26760-9 29247-4 30471-7
    31012-8 31080-5 32109-1 33915-0 33917-6 35668-3 35670-9 39796-8 39797-6 40464-0 40527-4 47109-4
    48348-7 49578-8 50927-3 52955-2 52956-0 59960-5 70197-9 70198-7 70205-0 70206-8 70210-0 70211-8
    70212-6 70213-4 70214-2 70215-9 70216-7
    """),
)

DRUGS_UNITS = CodeList(
    category=SensitiveCategory.DRUGS,
    en="drug levels and metals in mass units",
    fr="Dosages de médicaments et métaux, en masse",
    source=sources.LABUNITS,
    misses="everything else",
    verified=True,
    codes=codes("""
    3616-0 5568-1 5574-9 5583-0 5619-2 5627-5 5681-2 5685-3 5693-7 5700-0 6899-9 6948-4 8161-2 9738-6
    50544-6
    """),
)

DRUGS_NAMED = CodeList(
    category=SensitiveCategory.DRUGS,
    en="ethanol in serum",
    fr="Éthanol sérique",
    source=sources.OWN,
    misses="everything else",
    verified=False,
    codes=codes("""
    5643-2
    """),
)

BLOOD_COMMON = CodeList(
    category=SensitiveCategory.BLOOD_GROUP,
    en="ABO, Rh, blood group antibodies, antiglobulin tests",
    fr="ABO, Rh, anticorps de groupes sanguins, tests à l'antiglobuline",
    source=sources.TOP,
    misses="extended phenotypes (Kell, Duffy, Kidd)",
    verified=True,
    codes=codes("""
    882-1 883-9 888-8 890-4 1003-3 1006-6 1007-4 1305-2 10331-7 14578-9 14604-3 14906-2 14907-0 19057-9
    46268-9 50970-3 51892-8
    """),
)

LISTS = (
    HIV,
    HIV_LOAD,
    HIV_COMMON,
    HIV_NAMED,
    PREG_COMMON,
    PREG_MARKERS,
    DRUGS_COMMON,
    DRUGS_UNITS,
    DRUGS_NAMED,
    BLOOD_COMMON,
)
