//! The vectors in chain/vectors, which the TypeScript side reads too.

use super::*;
use serde_json::Value;
use wattfleet_primitives::{
	decode_energy, decode_signed,
	merkle::{is_included, ProofStep},
	Item,
};

fn read(text: &str) -> Vec<Value> {
	serde_json::from_str(text).expect("a vector file is a list")
}

fn bytes(value: &Value) -> Vec<u8> {
	let hex = value.as_str().expect("hex");
	(0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
	bytes(value).try_into().expect("as many bytes")
}

fn number(value: &Value) -> u64 {
	value.as_u64().expect("a number")
}

fn small(value: &Value) -> u32 {
	number(value).try_into().expect("a u32")
}

fn option<T>(value: &Value, read: impl Fn(&Value) -> T) -> Option<T> {
	(!value.is_null()).then(|| read(value))
}

fn side(value: &Value) -> Side {
	if value == "bid" {
		Side::Bid
	} else {
		Side::Offer
	}
}

fn order_of(fields: &Value) -> Order {
	Order {
		tag: ORDER_TAG,
		chain: array(&fields["chain"]),
		community: small(&fields["community"]),
		gateway: array(&fields["gateway"]),
		epoch: small(&fields["epoch"]),
		sequence: number(&fields["sequence"]),
		kind: if fields["kind"] == "spot" { MarketKind::Spot } else { MarketKind::Post },
		side: side(&fields["side"]),
		slot_start: number(&fields["slotStart"]),
		energy_wh: small(&fields["energyWh"]),
		price_micro: small(&fields["priceMicro"]),
		expires_at: number(&fields["expiresAt"]),
		energy_types: small(&fields["energyTypes"]) as u8,
		partner: option(&fields["partner"], array),
		replaces: option(&fields["replaces"], number),
	}
}

fn energy_of(fields: &Value) -> Energy {
	let quality = match fields["quality"].as_str() {
		Some("good") => Quality::Good,
		Some("estimated") => Quality::Estimated,
		_ => Quality::Missing,
	};
	Energy {
		tag: ENERGY_TAG,
		chain: array(&fields["chain"]),
		community: small(&fields["community"]),
		gateway: array(&fields["gateway"]),
		epoch: small(&fields["epoch"]),
		sequence: number(&fields["sequence"]),
		slot_start: number(&fields["slotStart"]),
		import_wh: small(&fields["importWh"]),
		export_wh: small(&fields["exportWh"]),
		error_wh: small(&fields["errorWh"]),
		quality,
		grade: u8::from(fields["grade"] == "billing"),
		salt: array(&fields["salt"]),
		previous: array(&fields["previous"]),
	}
}

#[test]
fn messages_have_the_same_bytes_ids_and_signatures() {
	for vector in read(include_str!("../../../vectors/messages.json")) {
		let (name, fields, expected) = (&vector["name"], &vector["fields"], bytes(&vector["bytes"]));
		let encoded = match vector["type"].as_str() {
			Some("order") => {
				let order = order_of(fields);
				assert_eq!(order.id(), array(&vector["id"]), "{name}");
				assert!(matches!(decode_signed(&expected), Some(Item::Order(read)) if read == order), "{name}");
				order.encode()
			},
			Some("cancel") => {
				let cancel = Cancel {
					tag: CANCEL_TAG,
					chain: array(&fields["chain"]),
					gateway: array(&fields["gateway"]),
					epoch: small(&fields["epoch"]),
					sequence: number(&fields["sequence"]),
					target: number(&fields["target"]),
				};
				assert!(matches!(decode_signed(&expected), Some(Item::Cancel(read)) if read == cancel), "{name}");
				cancel.encode()
			},
			_ => {
				let energy = energy_of(fields);
				assert_eq!(decode_energy(&expected), Some(energy.clone()), "{name}");
				energy.encode()
			},
		};
		assert_eq!(encoded, expected, "{name}");
		let key = ed25519::Pair::from_seed(&array(&vector["seed"]));
		assert_eq!(key.public().0, array(&fields["gateway"]), "{name}");
		assert_eq!(key.sign(&encoded).0, array::<64>(&vector["signature"]), "{name}");
		let signature = array(&vector["signature"]);
		assert!(wattfleet_primitives::is_signed_by(&key.public().0, &encoded, &signature), "{name}");
		assert!(!wattfleet_primitives::is_signed_by(&[1; 32], &encoded, &signature), "{name}");
	}
}

#[test]
fn proofs_of_the_other_side_hold_here() {
	for vector in read(include_str!("../../../vectors/merkle.json")) {
		let root = array(&vector["root"]);
		for message in vector["messages"].as_array().expect("messages") {
			let proof: Vec<ProofStep> = message["proof"]
				.as_array()
				.expect("steps")
				.iter()
				.map(|step| ProofStep { on_left: step["side"] == "left", hash: array(&step["hash"]) })
				.collect();
			let (bytes, signature) = (bytes(&message["bytes"]), array(&message["signature"]));
			assert!(is_included(&bytes, &signature, &proof, &root));
			assert!(!is_included(&bytes[1..], &signature, &proof, &root));
		}
	}
}

/// The houses that a vector names, in zones by whether their number is odd.
fn houses(names: impl Iterator<Item = u64>, zones: bool) -> std::collections::BTreeMap<u64, House> {
	names
		.collect::<std::collections::BTreeSet<u64>>()
		.into_iter()
		.map(|name| (name, house_in(name as u8, if zones { (name % 2) as u32 } else { 1 })))
		.collect()
}

#[test]
fn the_chain_takes_the_matches_of_the_market() {
	use pallet_wattfleet_settlement::Event;
	for vector in read(include_str!("../../../vectors/matching.json")) {
		exchange(|| {
			let orders = vector["orders"].as_array().expect("orders");
			let houses = houses(orders.iter().map(|order| number(&order["house"])), true);
			let entered: Vec<(&House, Order)> = orders
				.iter()
				.enumerate()
				.map(|(at, fields)| {
					let of = &houses[&number(&fields["house"])];
					let (wh, price) = (small(&fields["energyWh"]), small(&fields["priceMicro"]));
					let mut order = of.order(at as u64, side(&fields["side"]), wh, price);
					order.energy_types = small(&fields["energyTypes"]) as u8;
					(of, order)
				})
				.collect();
			enter(&entered);
			let expected = vector["matches"].as_array().expect("matches");
			let pairs: Vec<(u32, u32, u32)> = expected
				.iter()
				.map(|pair| (small(&pair["bid"]), small(&pair["offer"]), small(&pair["energyWh"])))
				.collect();
			matches(&pairs);
			let traded: Vec<(u32, u32, u32)> = settlement_events()
				.into_iter()
				.map(|event| match event {
					Event::Traded { energy_wh, buyer_rate_micro, seller_rate_micro, .. } => {
						(energy_wh, buyer_rate_micro, seller_rate_micro)
					},
					other => panic!("{}: {other:?}", vector["name"]),
				})
				.collect();
			let rates: Vec<(u32, u32, u32)> = expected
				.iter()
				.map(|pair| (small(&pair["energyWh"]), small(&pair["buyerRateMicro"]), small(&pair["sellerRateMicro"])))
				.collect();
			assert_eq!(traded, rates, "{}", vector["name"]);
		});
	}
}

fn deviations_of(vector: &Value, houses: &std::collections::BTreeMap<u64, House>) -> Vec<Deviation> {
	vector["sites"]
		.as_array()
		.expect("sites")
		.iter()
		.map(|site| Deviation {
			missing_import: site["missingImport"] == true,
			missing_export: site["missingExport"] == true,
			..deviation(&houses[&number(&site["house"])], small(&site["shortfallWh"]), small(&site["unusedWh"]))
		})
		.collect()
}

/// What the vector's trades are here, each made of one bid and one offer, after the time for what is missing.
fn trade_all(vector: &Value) -> std::collections::BTreeMap<u64, House> {
	let trades = vector["trades"].as_array().expect("trades");
	let names = trades.iter().flat_map(|trade| [number(&trade["buyer"]), number(&trade["seller"])]);
	let houses = houses(names, false);
	let orders: Vec<(&House, Order)> = trades
		.iter()
		.flat_map(|trade| {
			let (wh, rate) = (small(&trade["energyWh"]), small(&trade["buyerRateMicro"]));
			let (buyer, seller) = (&houses[&number(&trade["buyer"])], &houses[&number(&trade["seller"])]);
			let sequence = number(&trade["trade"]);
			[(buyer, buyer.bid(2 * sequence, wh, rate)), (seller, seller.offer(2 * sequence + 1, wh, 1))]
		})
		.collect();
	enter(&orders);
	let pairs: Vec<(u32, u32, u32)> =
		trades.iter().zip(0u32..).map(|(trade, at)| (2 * at, 2 * at + 1, small(&trade["energyWh"]))).collect();
	matches(&pairs);
	bond();
	go_to(SLOT + 900 + 86_400);
	houses
}

#[test]
fn the_chain_moves_the_money_of_the_settlement() {
	for vector in read(include_str!("../../../vectors/settlement.json")) {
		exchange(|| {
			let houses = trade_all(&vector);
			let allocations: Vec<(u64, u32)> = vector["allocations"]
				.as_array()
				.expect("allocations")
				.iter()
				.map(|allocation| (number(&allocation["trade"]), small(&allocation["allocatedWh"])))
				.collect();
			try_settle([1; 32], &allocations, &deviations_of(&vector, &houses)).unwrap();
			for (who, net) in vector["netNano"].as_object().expect("accounts") {
				let net: i128 = net.as_str().and_then(|text| text.parse().ok()).expect("a sum");
				let (now, before) = match who.as_str() {
					"gridOperator" => (free(GRID_ACCOUNT), 0),
					"balancing" => (free(BALANCING), 0),
					house => (houses[&house.parse().expect("a number")].free(), FUNDS),
				};
				assert_eq!(now as i128 - before as i128, net, "{}: {who}", vector["name"]);
			}
		});
	}
}
