import pytest

from saywire.protocols.languages import NAMES, language_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("zh_Hans_CN", "zh"),
        ("english", "en"),
        (" German ", "de"),
        ("Haitian Creole", "ht"),
        ("mandarin", "zh"),
        ("yue", "yue"),
        ("jw", "jv"),
        ("iw-IL", "he"),
        ("xx", "xx"),
    ],
)
def test_codes_tags_and_names_are_understood(text, code):
    assert language_code(text) == code


@pytest.mark.parametrize("text", ["", "e", "klingon", "en-", "en US", "12", "ｅｎ", "en-\n"])
def test_what_is_no_language_is_none(text):
    assert language_code(text) is None


def test_each_name_means_its_code():
    assert len(NAMES) == 100
    assert all(language_code(name) == code for code, name in NAMES.items())
