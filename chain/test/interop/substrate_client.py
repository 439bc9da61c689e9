"""What substrate-interface makes of the embedded chain, knowing nothing of the project but the names it asks for.

Usage: substrate_client.py '{"url": …, "seed": …, "community": …, "account": …}'
Prints one line of JSON for each answer: {"step": name, "value": …}. While it prints {"step": "waits"} it expects blocks.
"""

import json
import sys

from substrateinterface import Keypair, KeypairType, SubstrateInterface
from substrateinterface.exceptions import SubstrateRequestException

HEADS = 3


def say(step, value=None):
    print(json.dumps({"step": step, "value": value}), flush=True)


def event_names(events):
    return [f"{e.value['module_id']}.{e.value['event_id']}" for e in events]


def read(substrate, given):
    runtime = substrate.get_metadata()
    say("chain", [substrate.name, substrate.chain, substrate.properties])
    say("pallets", [pallet.name for pallet in runtime.pallets])
    say("chain id", substrate.query("Registry", "ChainId").value)
    one = substrate.query("Registry", "Communities", [given["community"]])
    say("community", one.value)
    communities = substrate.query_map("Registry", "Communities", page_size=10)
    say("communities", [[key.value, value.value] for key, value in communities])
    say("prefix", substrate.ss58_format)
    say("block length", substrate.get_constant("System", "BlockLength").value)
    say("account", substrate.query("System", "Account", [given["account"]]).value)
    say("nonce", substrate.get_account_nonce(given["account"]))


def follow_heads(substrate):
    heads = []

    def on_head(head, update, _subscription):
        heads.append(head["header"]["number"])
        if update == HEADS:
            return heads
        say("waits")

    say("heads", substrate.subscribe_block_headers(on_head))
    number = heads[-1]
    block_hash = substrate.get_block_hash(number)
    block = substrate.get_block(block_hash)
    say("block", [block["header"]["number"], [one.value["call"]["call_function"] for one in block["extrinsics"]]])
    say("events", event_names(substrate.get_events(block_hash)))
    say("no block", substrate.get_block("0x" + "00" * 32))


def submit(substrate, given):
    keypair = Keypair.create_from_seed(given["seed"], crypto_type=KeypairType.ED25519)
    say("signer", "0x" + keypair.public_key.hex())
    call = substrate.compose_call("System", "remark_with_event", {"remark": "0x77617474"})
    say("fee", substrate.get_payment_info(call, keypair)["partialFee"])
    extrinsic = substrate.create_signed_extrinsic(call, keypair, era={"period": 64})
    receipt = substrate.submit_extrinsic(extrinsic, wait_for_inclusion=True)
    say("receipt", [receipt.is_success, receipt.total_fee_amount, event_names(receipt.triggered_events)])
    say("found", [substrate.get_block_number(receipt.block_hash), receipt.extrinsic_idx])
    say("nonce after", substrate.get_account_nonce(keypair.ss58_address))
    try:
        substrate.submit_extrinsic(extrinsic)
    except SubstrateRequestException as refusal:
        say("twice", refusal.args[0])
    say("dispatch error", fail(substrate, keypair))


def fail(substrate, keypair):
    """A call that only root may make: it is included, and its receipt says why it had no effect."""
    call = substrate.compose_call("System", "set_heap_pages", {"pages": 1})
    extrinsic = substrate.create_signed_extrinsic(call, keypair)
    receipt = substrate.submit_extrinsic(extrinsic, wait_for_finalization=True)
    return [receipt.is_success, receipt.error_message["name"]]


given = json.loads(sys.argv[1])
with SubstrateInterface(url=given["url"]) as substrate:
    read(substrate, given)
    follow_heads(substrate)
    submit(substrate, given)
