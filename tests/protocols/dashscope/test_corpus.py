import pytest

from saywire.protocols.dashscope.corpus import find_hotwords


@pytest.mark.parametrize(
    ("corpus", "words"),
    [
        ("", ()),
        ("阿里巴巴,通义千问、达摩院", ("阿里巴巴", "通义千问", "达摩院")),
        ("热词列表：阿里巴巴；通义", ("阿里巴巴", "通义")),
        ("热词 列表", ("热词", "列表")),
        ("Hotwords: Kubernetes, etcd\nPrometheus", ("Kubernetes", "etcd", "Prometheus")),
        ("New York", ("New York",)),
        ("one, one", ("one",)),
        ("Bulge Bracket, Boutique, Middle Market.", ("Bulge Bracket", "Boutique", "Middle Market")),
        ("This talk is about the history of a small town in the north of England.", ()),
        ("Yesterday we spoke, at some length, about the budget of the whole of next year", ()),
        ("今天我们要讨论的是公司下个季度的销售计划以及人员安排的问题，请大家准备好材料", ()),
    ],
)
def test_lists_are_told_from_prose(corpus, words):
    assert find_hotwords(corpus) == words
