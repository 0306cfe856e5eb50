// Uses Boltill through clients of the socket for Node.js, unmodified: lightning-backends, which shops and LNURL servers pay and
// are paid with, and clightning-client, which has a method for each command and lists and waits.

const assert = require('assert');
const { prepareBackend } = require('lightning-backends');
const LightningClient = require('clightning-client');

const network = JSON.parse(process.env.BOLTILL_DEVNET);
const [alice, bob] = network.nodes.map((node) => LightningClient(node.rpc));
const [aliceShop, bobShop] = network.nodes.map((node) => prepareBackend('c-lightning', { unixSockPath: node.rpc }));

async function refused(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}

// Waits for what one node knows a moment after another.
async function until(what, isSo) {
  const deadline = Date.now() + 180000;
  while (!(await isSo())) {
    assert(Date.now() < deadline, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Parameters by place, as the methods of clightning-client take them; null leaves one out.
async function useClient() {
  const before = (await bob.listfunds()).channels[0].our_amount_msat;
  const info = await alice.getinfo();
  assert.strictEqual(info.id, network.nodes[0].id);

  const created = await bob.invoice(25000, 'coffee', 'one cup of coffee', 3600);
  assert.strictEqual(created.created_index, 1);
  const [listed] = (await bob.listinvoices('coffee')).invoices;
  assert.deepStrictEqual([listed.status, listed.amount_msat], ['unpaid', 25000]);
  const decoded = await alice.decode(created.bolt11);
  assert.strictEqual(decoded.payee, network.nodes[1].id);

  const waiting = Promise.all([bob.waitinvoice('coffee'), bob.waitanyinvoice(0, 180)]);
  const paid = await alice.pay(created.bolt11);
  assert.strictEqual(paid.status, 'complete');
  for (const entry of await waiting) {
    assert.deepStrictEqual([entry.label, entry.payment_preimage], ['coffee', paid.payment_preimage]);
  }
  const [pay] = (await alice.listpays(created.bolt11)).pays;
  assert.deepStrictEqual([pay.status, pay.preimage], ['complete', paid.payment_preimage]);
  const [payment] = (await alice.listsendpays(null, created.payment_hash)).payments;
  assert.strictEqual(payment.status, 'complete');
  const [byHash] = (await bob.listinvoices(null, null, created.payment_hash)).invoices;
  assert.strictEqual(byHash.pay_index, 1);

  const twice = await refused(bob.invoice(1, 'coffee', 'once more'));
  assert.match(twice.message, /Duplicate label|already exists/i);
  await bob.delinvoice('coffee', 'paid');
  assert.deepStrictEqual((await bob.listinvoices('coffee')).invoices, []);

  const offer = await bob.offer('5sat', 'lemonade');
  const fetched = await alice.fetchinvoice(offer.bolt12);
  assert.strictEqual((await alice.pay(fetched.invoice)).status, 'complete');
  assert.strictEqual((await alice.keysend(network.nodes[1].id, 1000)).status, 'complete');
  await until('the channel has been brought up to date', async () => {
    const { channels } = await bob.listfunds();
    return channels[0].our_amount_msat === before + 25000 + 5000 + 1000;
  });
}

async function settled(hash, preimage) {
  await until('the shop has the invoice paid', async () => (await bobShop.getInvoiceStatus(hash)).settled);
  assert.deepStrictEqual(await bobShop.getInvoiceStatus(hash), { preimage, settled: true });
}

async function useShop() {
  assert.strictEqual(await aliceShop.getNodeUri(), null, 'there is no address that others could reach');
  // Its invoices hold the hash of a description, which their payer has to have by other ways.
  const metadata = '[["text/plain","a longer text"]]';
  const { invoice } = await bobShop.addInvoice(21000, { description: metadata });
  const { payment_hash: hash } = await alice.decode(invoice);
  assert.deepStrictEqual(await bobShop.getInvoiceStatus(hash), { preimage: null, settled: false });
  const paid = await alice.call('pay', { bolt11: invoice, description: metadata });
  await settled(hash, paid.payment_preimage);

  const tea = await bob.invoice(7000, 'tea', 'a pot of tea');
  const { preimage } = await aliceShop.payInvoice(tea.bolt11);
  await settled(tea.payment_hash, preimage);
  await refused(aliceShop.payInvoice('lnbcrt1'));
}

async function main() {
  await useClient();
  await useShop();
  console.log('Node.js: all passed');
  // clightning-client keeps its connections.
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
