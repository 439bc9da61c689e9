"""What substrate-interface makes of the exchange, knowing nothing of the project but the names it asks for.

Usage: exchange_client.py '{"url": …, "seed": …, "community": …, "member": …, "slot": …, "amount": …, "reference": …}'
Prints one line of JSON for each answer: {"step": name, "value": …}.
"""

import json
import sys

from substrateinterface import Keypair, KeypairType, SubstrateInterface


def say(step, value):
    print(json.dumps({"step": step, "value": value}), flush=True)


def free(substrate, member):
    return substrate.query("Money", "Account", [member]).value["free"]


def read_order(substrate, given):
    market = (given["community"], given["slot"], "Spot")
    record = substrate.query("Orderbook", "Pages", [market, 0]).value[0]
    order = record["order"]
    state = [record["remaining_wh"], record["state"]]
    say("order", [order["gateway"], order["side"], order["energy_wh"], order["price_micro"], *state])


def deposit(substrate, given):
    keypair = Keypair.create_from_seed("0x" + given["seed"], crypto_type=KeypairType.ED25519)
    params = {key: given[key] for key in ("community", "amount", "reference")} | {"account": given["member"]}
    before = free(substrate, given["member"])

    def submit():
        call = substrate.compose_call("Vault", "issue", params | {"amount": int(given["amount"])})
        extrinsic = substrate.create_signed_extrinsic(call, keypair, era={"period": 64})
        return substrate.submit_extrinsic(extrinsic, wait_for_finalization=True)

    receipt = submit()
    names = [f"{e.value['module_id']}.{e.value['event_id']}" for e in receipt.triggered_events]
    say("deposit", [receipt.is_success, [name for name in names if name.startswith("Vault")]])
    say("credited", str(free(substrate, given["member"]) - before))
    again = submit()
    say("again", [again.is_success, again.error_message["name"]])


given = json.loads(sys.argv[1])
with SubstrateInterface(url=given["url"]) as substrate:
    say("chain id", substrate.query("Registry", "ChainId").value)
    read_order(substrate, given)
    deposit(substrate, given)
