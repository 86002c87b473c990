"""French of what is said of people and access in the control room."""

FRENCH_PEOPLE: dict[str, str] = {
    "there is nothing here that you may see": "il n'y a rien ici que vous puissiez voir",
    "your role does not allow {}": "votre rôle ne permet pas : {1}",
    "who may: {}": "qui le peut : {1}",
}
