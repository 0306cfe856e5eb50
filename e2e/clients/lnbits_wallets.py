"""Uses Boltill through LNbits' own wallets, unmodified: one node by its REST interface, the other by its socket.

Whatever comes by HTTP is written to the file RECORD, as the wallet's HTTP client tells it, for the test to check.
"""

import asyncio
import hashlib
import json
import os
import tempfile

os.environ.setdefault("LNBITS_DATA_FOLDER", tempfile.mkdtemp())

from lnbits.db import Filters  # noqa: E402
from lnbits.nodes.base import ChannelState  # noqa: E402
from lnbits.nodes.cln import CoreLightningNode  # noqa: E402
from lnbits.settings import settings  # noqa: E402
from lnbits.wallets import CLNRestWallet, CoreLightningWallet  # noqa: E402

network = json.loads(os.environ["BOLTILL_DEVNET"])
alice_id, bob_id = (node["id"] for node in network["nodes"])
rest = network["rest"]

settings.clnrest_url = rest["url"]
settings.clnrest_ca = rest["ca"]
settings.clnrest_readonly_rune = rest["readonly_rune"]
settings.clnrest_invoice_rune = rest["invoice_rune"]
settings.clnrest_pay_rune = rest["pay_rune"]
settings.corelightning_rpc = network["nodes"][1]["rpc"]


async def record(response):
    """Writes down what a request got for an answer, before the wallet reads it."""
    await response.aread()
    line = {"path": response.request.url.path, "status": response.status_code, "answer": response.json()}
    with open(rest["record"], "a") as file:
        print(json.dumps(line), file=file)


async def next_paid(stream):
    return await asyncio.wait_for(stream.__anext__(), 180)


async def is_paid(wallet, checking_id):
    while not (await wallet.get_invoice_status(checking_id)).paid:
        await asyncio.sleep(0.1)


async def pay(payer, payee, amount):
    """Has one wallet pay another one's invoice, and looks at everything that LNbits looks at."""
    created = await payee.create_invoice(amount, memo="coffee", expiry=600)
    assert created.ok, created
    invoice = created.checking_id
    status = await payee.get_invoice_status(invoice)
    assert status.pending and not status.paid, status
    assert not (await payer.get_payment_status(invoice)).paid

    stream = payee.paid_invoices_stream()
    arrives = asyncio.create_task(next_paid(stream))
    paid = await payer.pay_invoice(created.payment_request, fee_limit_msat=1000)
    assert paid.ok and paid.checking_id == invoice and paid.fee_msat == 0, paid
    assert hashlib.sha256(bytes.fromhex(paid.preimage)).hexdigest() == invoice
    assert created.preimage == paid.preimage, "it is the preimage that LNbits chose"
    assert await arrives == invoice
    await stream.aclose()

    await asyncio.wait_for(is_paid(payee, invoice), 180)
    sent = await payer.get_payment_status(invoice)
    assert sent.paid and sent.preimage == paid.preimage and sent.fee_msat == 0, sent
    return created.payment_request


async def is_refused(payer, payee):
    """What cannot be paid: more than there is, and what is paid for by other words than its own."""
    too_much = await payee.create_invoice(90_000_000, memo="a house")
    refused = await payer.pay_invoice(too_much.payment_request, fee_limit_msat=1000)
    assert not refused.ok, refused
    assert not (await payer.get_payment_status(too_much.checking_id)).paid
    assert (await payee.get_invoice_status(too_much.checking_id)).pending
    # By the socket LNbits has the description hashed; then `pay` wants it too, and LNbits does not know it.
    story = await payee.create_invoice(1, unhashed_description=b"a long story")
    paid = await payer.pay_invoice(story.payment_request, fee_limit_msat=1000)
    assert story.ok and bool(paid.ok) == isinstance(payee, CLNRestWallet), (story, paid)


async def is_known(node, peer, alias):
    while (await node.get_peer_info(peer)).alias != alias:
        await asyncio.sleep(0.1)


async def manage(node):
    """What LNbits' page about the node shows."""
    info = await node.get_info()
    assert info.id == bob_id and info.alias == "bob" and info.num_peers == 1, info
    assert info.channel_stats.counts == {ChannelState.ACTIVE: 1}, info
    assert await node.get_peer_ids() == [alice_id]
    await asyncio.wait_for(is_known(node, alice_id, "alice"), 180)
    payments = await node.get_payments(Filters())
    assert payments.total > 0 and not any(payment.pending for payment in payments.data), payments
    invoices = await node.get_invoices(Filters())
    assert sum(not invoice.pending for invoice in invoices.data) == 1, invoices
    [channel] = await node.get_channels()
    await node.set_channel_fee(channel.id, 7, 8)
    channel = await node.get_channel(channel.id)
    assert (channel.fee_base_msat, channel.fee_ppm) == (7, 8), channel


async def main():
    alice, bob = CLNRestWallet(), CoreLightningWallet()
    alice.client.event_hooks["response"].append(record)
    # A busy machine may take longer than the few seconds that LNbits gives a node.
    alice.client.timeout = 180
    for wallet in (alice, bob):
        status = await wallet.status()
        assert status.error_message is None and status.balance_msat > 0, status

    await pay(alice, bob, 200_000)
    request = await pay(bob, alice, 3_000)
    again = await bob.pay_invoice(request, fee_limit_msat=1000)
    assert again.ok is False and again.error_message == "invoice already paid", again
    await is_refused(alice, bob)
    await is_refused(bob, alice)
    await manage(CoreLightningNode(bob))

    # A restarted LNbits goes on behind the last invoice that was paid.
    anew = CoreLightningWallet()
    assert anew.last_pay_index > 0
    await alice.cleanup()
    await bob.cleanup()


asyncio.run(main())
print("LNbits: all passed")
