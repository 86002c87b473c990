from functional.cli.world import Desk


def test_flow(desk: Desk) -> None:
    desk.agreement()
    r = desk.run("key new recipient kalisil.key --json").json()["recipient"]
    desk.order(r)
    print(desk.run("order check order.yaml"))
    desk.run("order sign order.yaml --agreement agreement.json --key director.key")
    for line in ("order show order.yaml --agreement agreement.json --lang fr", "agreement show agreement.yaml"):
        print(desk.run(line).out)
    assert 0
