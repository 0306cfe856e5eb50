"""Uses Boltill through pyln-client, unmodified: creates, lists, waits for, pays and looks up invoices, of all kinds."""

import json
import os
import threading
import time

from pyln.client import LightningRpc, Millisatoshi, RpcError

network = json.loads(os.environ["BOLTILL_DEVNET"])
alice, bob = (LightningRpc(node["rpc"]) for node in network["nodes"][:2])



def until(what, is_so):
    """Waits for what one node knows a moment after another."""
    deadline = time.monotonic() + 180
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


info = alice.getinfo()
assert info["id"] == network["nodes"][0]["id"], info
assert info["network"] == "regtest"
bob_id = network["nodes"][1]["id"]

created = bob.invoice(Millisatoshi("25sat"), "coffee", "one cup of coffee")
assert created["created_index"] == 1, created
assert created["bolt11"].startswith("lnbcrt"), created
listed = bob.listinvoices(label="coffee")["invoices"]
assert [entry["status"] for entry in listed] == ["unpaid"], listed
assert listed[0]["amount_msat"] == Millisatoshi(25000), listed

decoded = alice.decode(created["bolt11"])
assert decoded["valid"] and decoded["type"] == "bolt11 invoice", decoded
assert decoded["payee"] == network["nodes"][1]["id"], decoded

waited = []
waiter = threading.Thread(target=lambda: waited.append(bob.waitinvoice("coffee")))
waiter.start()
any_waiter = threading.Thread(target=lambda: waited.append(bob.waitanyinvoice(lastpay_index=0)))
any_waiter.start()

paid = alice.pay(created["bolt11"])
assert paid["status"] == "complete", paid
assert paid["amount_msat"] == Millisatoshi(25000), paid
for thread in (waiter, any_waiter):
    thread.join(180)
    assert not thread.is_alive(), "the waiter was not woken"
assert all(entry["payment_preimage"] == paid["payment_preimage"] for entry in waited), waited
assert all(entry["pay_index"] == 1 for entry in waited), waited

pays = alice.listpays(created["bolt11"])["pays"]
assert [pay["status"] for pay in pays] == ["complete"], pays
assert pays[0]["amount_msat"] == Millisatoshi(25000), pays
sent = alice.listsendpays(payment_hash=created["payment_hash"])["payments"]
assert [payment["status"] for payment in sent] == ["complete"], sent
for found in (
    bob.listinvoices(payment_hash=created["payment_hash"]),
    bob.listinvoices(invstring=created["bolt11"]),
    bob.listinvoices(index="updated", start=1, limit=1),
):
    assert [entry["status"] for entry in found["invoices"]] == ["paid"], found
assert bob.delinvoice("coffee", "paid")["label"] == "coffee"

# An invoice for any amount, with a preimage of the caller's, paid by xpay.
preimage = "07" * 32
tip = bob.invoice("any", "tip", "a tip", expiry=3600, preimage=preimage, exposeprivatechannels=True)
assert alice.xpay(tip["bolt11"], amount_msat=1000, maxfee=10)["payment_preimage"] == preimage
assert bob.waitinvoice("tip")["amount_received_msat"] == Millisatoshi(1000)

# By a route of the caller's own.
routed = bob.invoice(3000, "routed", "by a given way")
decoded = alice.decode(routed["bolt11"])
route = alice.getroute(bob_id, 3000, 1, cltv=decoded["min_final_cltv_expiry"])["route"]
secret = decoded["payment_secret"]
alice.sendpay(route, routed["payment_hash"], amount_msat=3000, bolt11=routed["bolt11"], payment_secret=secret)
assert alice.waitsendpay(routed["payment_hash"], timeout=60)["status"] == "complete"

# Without an invoice.
assert alice.keysend(bob_id, 4000)["status"] == "complete"
until(
    "bob lists what nobody asked for",
    lambda: any(entry["label"].startswith("keysend") for entry in bob.listinvoices()["invoices"]),
)

# An offer; and a code that we pay to whoever shows it.
offer = bob.offer("5sat", "lemonade", label="stand", quantity_max=3)
assert [entry["active"] for entry in bob.listoffers(offer["offer_id"])["offers"]] == [True]
fetched = alice.fetchinvoice(offer["bolt12"], quantity=2)
paid = alice.pay(fetched["invoice"])
assert paid["amount_msat"] == Millisatoshi(10000), paid
assert len(bob.listinvoices(offer_id=offer["offer_id"])["invoices"]) == 1
assert bob.disableoffer(offer["offer_id"])["active"] is False
assert bob.enableoffer(offer["offer_id"])["active"] is True

code = alice.call("invoicerequest", {"amount": "6sat", "description": "deposit back"})
collected = bob.call("sendinvoice", {"invreq": code["bolt12"], "label": "deposit"})
assert collected["status"] == "paid", collected


def used():
    requests = alice.call("listinvoicerequests", {"invreq_id": code["invreq_id"]})["invoicerequests"]
    return [entry["used"] for entry in requests] == [True]


until("alice, who pays, knows that the code is used", used)

# What a shop looks at besides.
assert bob.call("wait", {"subsystem": "invoices", "indexname": "created", "nextvalue": 1})["created"] >= 1
balance = sum(channel["our_amount_msat"] for channel in bob.listfunds()["channels"])
assert balance > 0, balance
channels = alice.listpeerchannels(bob_id)["channels"]
assert [channel["state"] for channel in channels] == ["CHANNELD_NORMAL"], channels
scid = channels[0]["short_channel_id"]
assert len(alice.listchannels(short_channel_id=scid)["channels"]) == 2
until(
    "alice knows bob by name",
    lambda: [node.get("alias") for node in alice.listnodes(bob_id)["nodes"]] == ["bob"],
)
assert [peer["connected"] for peer in alice.listpeers(bob_id)["peers"]] == [True]
assert alice.listforwards()["forwards"] == []
assert alice.feerates("perkb")["perkb"]["floor"] > 0
assert alice.newaddr("bech32")["bech32"].startswith("bcrt1")
assert "network" in alice.listconfigs()["configs"]
signed = alice.signmessage("a message")
assert alice.checkmessage("a message", signed["zbase"])["pubkey"] == info["id"]
assert alice.check("invoice", amount_msat=1, label="a", description="b") == {"command_to_check": "invoice"}
assert alice.help("invoice")["help"][0]["command"].startswith("invoice ")
assert alice.ping(bob_id)["totlen"] > 0
assert alice.waitblockheight(1)["blockheight"] >= 1
with alice.reply_filter({"id": True}):
    assert alice.getinfo() == {"id": info["id"]}

try:
    bob.invoice("any", "two", "one")
    bob.invoice("any", "two", "two")
    raise AssertionError("a label was used twice")
except RpcError as error:
    assert error.error["code"] == 900, error

print("pyln-client: all passed")
