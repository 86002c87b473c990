"""The six sensitive categories a controller can exclude by name (design.md; domain.md section 5)."""

from enum import StrEnum


class SensitiveCategory(StrEnum):
    """A kind of examination that says by itself what the patient would not have said.

    The value is what an order writes under ``exclude_categories``.
    """

    HIV = "hiv"
    ONCOLOGY = "oncology"
    GENETICS = "genetics"
    PREGNANCY = "pregnancy"
    DRUGS = "drugs"
    BLOOD_GROUP = "blood_group"

    @property
    def en(self) -> str:
        """English label."""
        return _LABELS[self][0]

    @property
    def fr(self) -> str:
        """French label."""
        return _LABELS[self][1]


# "Related", because a PSA is screening, not a cancer, and a drug level is a treatment, not an addiction.
_LABELS = {
    SensitiveCategory.HIV: ("HIV-related", "en rapport avec le VIH"),
    SensitiveCategory.ONCOLOGY: ("oncology-related", "en rapport avec le cancer"),
    SensitiveCategory.GENETICS: ("genetics", "génétique"),
    SensitiveCategory.PREGNANCY: ("pregnancy", "grossesse"),
    SensitiveCategory.DRUGS: ("drug levels and toxicology", "médicaments et toxicologie"),
    SensitiveCategory.BLOOD_GROUP: ("blood group", "groupe sanguin"),
}
