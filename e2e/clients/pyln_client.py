"""Uses Boltill through pyln-client, unmodified: create, list, wait for and pay invoices."""

import json
import os
import threading

from pyln.client import LightningRpc, Millisatoshi, RpcError

network = json.loads(os.environ["BOLTILL_DEVNET"])
alice, bob = (LightningRpc(node["rpc"]) for node in network["nodes"][:2])

info = alice.getinfo()
assert info["id"] == network["nodes"][0]["id"], info
assert info["network"] == "regtest"

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
    thread.join(60)
    assert not thread.is_alive(), "the waiter was not woken"
assert all(entry["payment_preimage"] == paid["payment_preimage"] for entry in waited), waited
assert all(entry["pay_index"] == 1 for entry in waited), waited

pays = alice.listpays(created["bolt11"])["pays"]
assert [pay["status"] for pay in pays] == ["complete"], pays
assert bob.delinvoice("coffee", "paid")["label"] == "coffee"

try:
    bob.invoice("any", "two", "one")
    bob.invoice("any", "two", "two")
    raise AssertionError("a label was used twice")
except RpcError as error:
    assert error.error["code"] == 900, error

print("pyln-client: all passed")
