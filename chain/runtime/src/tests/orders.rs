use super::*;
use pallet_wattfleet_orderbook::{Event, OrderState};
use wattfleet_primitives::Reason;

fn rejections() -> Vec<Reason> {
	orderbook_events()
		.into_iter()
		.filter_map(|event| match event {
			Event::ItemRejected { reason, .. } => Some(reason),
			_ => None,
		})
		.collect()
}

fn ended() -> Vec<(OrderState, u32)> {
	orderbook_events()
		.into_iter()
		.filter_map(|event| match event {
			Event::OrderEnded { state, remaining_wh, .. } => Some((state, remaining_wh)),
			_ => None,
		})
		.collect()
}

fn collateral(wh: u32, price: u32, rate: u32) -> Nano {
	Nano::from(wh) * Nano::from(price + rate)
}

/// What one changed order is refused for, beside a good one that enters.
#[test]
fn a_bad_item_is_refused_for_its_reason_and_spoils_nothing() {
	type Change = fn(&mut Order);
	let table: &[(&str, Change, Reason)] = &[
		("no energy", |order| order.energy_wh = 0, Reason::Malformed),
		("unknown energy type", |order| order.energy_types = 8, Reason::Malformed),
		("sequence beyond doubles", |order| order.sequence = 1 << 53, Reason::Malformed),
		("no slot's start", |order| order.slot_start += 1, Reason::Malformed),
		("another chain", |order| order.chain = [1; 32], Reason::WrongChain),
		("another community", |order| order.community = 8, Reason::WrongCommunity),
		("a key that nobody enrolled", |order| order.gateway = [1; 32], Reason::UnknownGateway),
		("an old epoch", |order| order.epoch -= 1, Reason::Epoch),
		("an epoch to come", |order| order.epoch += 1, Reason::Epoch),
		("a slot too far ahead", |order| order.slot_start = START + 86_400 + 900, Reason::MarketNotOpen),
		("a slot whose gate closed", |order| order.slot_start = START, Reason::GateClosed),
		("expired", |order| order.expires_at = START - 1, Reason::Expired),
		("beyond the nameplate", |order| order.energy_wh = 5_001, Reason::Cap),
		("beyond the vault", |order| order.price_micro = u32::MAX, Reason::Collateral),
		("replaces nothing", |order| order.replaces = Some(77), Reason::Conflict),
	];
	for (name, change, reason) in table {
		exchange(|| {
			let house = house(50);
			let mut bad = house.bid(1, 1_000, 200_000);
			change(&mut bad);
			next_block();
			enter(&[(&house, bad), (&house, house.bid(2, 500, 200_000))]);
			assert_eq!(rejections(), [*reason], "{name}");
			assert_eq!(house.locked(), collateral(500, 200_000, UNUSED_MICRO), "{name}");
		});
	}
}

#[test]
fn a_forged_or_changed_order_is_refused() {
	exchange(|| {
		let (house, other) = (house(50), house(51));
		let order = house.bid(1, 1_000, 200_000);
		let mut item = house.sign(order.encode());
		item.signature[0] ^= 1;
		next_block();
		submit(vec![item, other.sign(order.encode())]);
		assert_eq!(rejections(), [Reason::Signature, Reason::Signature]);
		let trailing = house.sign([order.encode(), vec![0]].concat());
		next_block();
		submit(vec![trailing]);
		assert_eq!(rejections(), [Reason::Malformed]);
	});
}

#[test]
fn entry_is_idempotent_on_gateway_epoch_and_sequence() {
	exchange(|| {
		let house = house(50);
		let order = house.offer(1, 1_000, 100_000);
		enter(&[(&house, order.clone()), (&house, order.clone())]);
		next_block();
		enter(&[(&house, order.clone())]);
		assert_eq!(orderbook_events(), []);
		assert_eq!(house.locked(), collateral(1_000, 0, SHORTFALL_MICRO));
		let mut other = order;
		other.price_micro += 1;
		enter(&[(&house, other)]);
		assert_eq!(rejections(), [Reason::Conflict]);
	});
}

/// Bids lock price and unused rate, offers the shortfall rate; the caps count both sides apart, and per slot.
#[test]
fn collateral_is_locked_and_the_nameplate_caps_each_side_of_each_slot() {
	exchange(|| {
		let house = house(50);
		let mut elsewhere = house.bid(4, 5_000, 100_000);
		elsewhere.slot_start += 900;
		next_block();
		enter(&[
			(&house, house.bid(1, 3_000, 100_000)),
			(&house, house.offer(2, 5_000, 100_000)),
			(&house, house.bid(3, 2_001, 100_000)),
			(&house, elsewhere),
			(&house, house.bid(5, 2_000, 100_000)),
		]);
		assert_eq!(rejections(), [Reason::Cap]);
		let bids = collateral(10_000, 100_000, UNUSED_MICRO);
		assert_eq!(house.locked(), bids + collateral(5_000, 0, SHORTFALL_MICRO));
	});
}

#[test]
fn a_cancel_returns_the_lock_and_binds_even_before_its_order() {
	exchange(|| {
		let house = house(50);
		enter(&[(&house, house.bid(1, 1_000, 100_000))]);
		next_block();
		submit(vec![house.cancel(2, 1), house.cancel(3, 10), house.cancel(4, 1)]);
		assert_eq!(ended(), [(OrderState::Cancelled, 1_000)]);
		assert_eq!(house.locked(), 0);
		next_block();
		enter(&[(&house, house.bid(10, 1_000, 100_000)), (&house, house.bid(11, 5_000, 100_000))]);
		assert_eq!(ended(), [(OrderState::Cancelled, 1_000)]);
		assert_eq!(rejections(), [], "what was cancelled does not count towards the nameplate");
	});
}

#[test]
fn waiting_cancels_are_bounded_and_forgotten_when_nothing_can_come_for_them() {
	exchange(|| {
		let house = house(50);
		next_block();
		submit((0..33).map(|n| house.cancel(1_000 + n, n)).collect());
		assert_eq!(rejections(), [Reason::Cap]);
		go_to(START + 2 * 86_400 + 1);
		next_block();
		submit(vec![house.cancel(2_000, 32)]);
		assert_eq!(rejections(), []);
		assert_eq!(entries(&house).len(), 1);
	});
}

#[test]
fn a_replacement_takes_the_old_order_out_and_the_new_one_in_or_does_neither() {
	exchange(|| {
		let house = house(50);
		enter(&[(&house, house.bid(1, 4_000, 100_000))]);
		let mut larger = house.bid(2, 5_000, 120_000);
		larger.replaces = Some(1);
		next_block();
		enter(&[(&house, larger)]);
		assert_eq!(ended(), [(OrderState::Replaced, 4_000)]);
		assert_eq!(house.locked(), collateral(5_000, 120_000, UNUSED_MICRO));
		let mut dear = house.bid(3, 5_000, 4_000_000_000);
		dear.replaces = Some(2);
		next_block();
		enter(&[(&house, dear)]);
		assert_eq!((rejections(), ended()), (vec![Reason::Collateral], vec![]));
		assert_eq!(house.locked(), collateral(5_000, 120_000, UNUSED_MICRO));
		let mut again = house.bid(4, 1, 1);
		again.replaces = Some(1);
		next_block();
		enter(&[(&house, again)]);
		assert_eq!(rejections(), [Reason::Conflict], "what was replaced cannot be replaced again");
	});
}

#[test]
fn a_revoked_or_replaced_key_has_nothing_open_and_enters_nothing() {
	exchange(|| {
		let house = house(50);
		enter(&[(&house, house.bid(1, 1_000, 100_000)), (&house, house.offer(2, 1_000, 100_000))]);
		next_block();
		Registry::revoke_gateway(signed(OPERATOR), house.gateway()).unwrap();
		assert_eq!(ended(), [(OrderState::Cancelled, 1_000), (OrderState::Cancelled, 1_000)]);
		assert_eq!(house.locked(), 0);
		enter(&[(&house, house.bid(3, 1_000, 100_000))]);
		assert_eq!(rejections(), [Reason::Revoked]);
		let key = ed25519::Pair::from_seed(&[99; 32]);
		Registry::enrol_gateway(signed(OPERATOR), house.site, key.public().0).unwrap();
		let renewed = House { key, epoch: house.epoch + 1, ..house.clone() };
		enter(&[(&renewed, renewed.bid(1, 1_000, 100_000))]);
		next_block();
		Registry::enrol_gateway(signed(OPERATOR), house.site, renewed.gateway()).unwrap();
		assert_eq!(ended(), [(OrderState::Cancelled, 1_000)], "a new epoch of one key, too");
		let back = Registry::enrol_gateway(signed(OPERATOR), house.site, house.gateway());
		assert_eq!(
			back.map_err(|failed| failed.error),
			Err(pallet_wattfleet_registry::Error::<Runtime>::KeyInUse.into())
		);
	});
}

/// Enrolling is charged for as many orders as there were to cancel, not for as many as there may be.
#[test]
fn ending_a_key_costs_what_there_was_to_cancel() {
	use frame::deps::frame_support::dispatch::GetDispatchInfo;
	exchange(|| {
		let house = house(50);
		let call = |key: u8| pallet_wattfleet_registry::Call::<Runtime>::enrol_gateway {
			site: house.site,
			gateway: ed25519::Pair::from_seed(&[key; 32]).public().0,
		};
		let enrol = |key: u8| {
			let said = call(key).get_dispatch_info().call_weight;
			let was = RuntimeCall::from(call(key)).dispatch(signed(OPERATOR)).unwrap().actual_weight.unwrap();
			assert!(was.all_lte(said), "{was:?} is more than {said:?}");
			(was, said)
		};
		let (nothing_open, said) = enrol(99);
		assert!(nothing_open.ref_time() * 20 < said.ref_time(), "{nothing_open:?} of {said:?}");
		let renewed = House { key: ed25519::Pair::from_seed(&[99; 32]), epoch: house.epoch + 1, ..house.clone() };
		let orders: Vec<_> = (0..20).map(|n| (&renewed, renewed.bid(n, 10, 100_000))).collect();
		enter(&orders);
		let (twenty_open, _) = enrol(98);
		assert!(twenty_open.ref_time() > nothing_open.ref_time());
	});
}

#[test]
fn orders_lie_in_pages_in_the_order_in_which_they_entered() {
	exchange(|| {
		let house = house(50);
		let orders: Vec<_> = (0..70).map(|n| (&house, house.bid(n, 10, 100_000))).collect();
		enter(&orders[..40]);
		enter(&orders[40..]);
		for (position, (_, order)) in orders.iter().enumerate() {
			assert_eq!(stored(order, position as u32).map(|record| record.order), Some(order.clone()));
		}
		let market = (COMMUNITY, SLOT, MarketKind::Spot);
		assert_eq!(pallet_wattfleet_orderbook::Books::<Runtime>::get(market).entered, 70);
		assert_eq!(pallet_wattfleet_orderbook::Pages::<Runtime>::iter_prefix(market).count(), 3);
	});
}

#[test]
fn after_the_match_deadline_orders_expire_and_are_forgotten() {
	exchange(|| {
		let house = house(50);
		let orders: Vec<_> = (0..70).map(|n| (&house, house.bid(n, 10, 100_000))).collect();
		enter(&orders);
		go_to(SLOT - 61);
		idle(2);
		assert_eq!(house.locked(), collateral(700, 100_000, UNUSED_MICRO), "not before the deadline");
		go_to(SLOT);
		idle(1);
		assert_eq!(ended(), vec![(OrderState::Expired, 10); 70]);
		assert_eq!(house.locked(), 0);
		assert_eq!(pallet_wattfleet_orderbook::Pages::<Runtime>::iter().count(), 0);
		assert_eq!(pallet_wattfleet_orderbook::Books::<Runtime>::iter().count(), 0);
		assert_eq!(pallet_wattfleet_orderbook::Closing::<Runtime>::iter().count(), 0);
		next_block();
		enter(&[(&house, orders[0].1.clone())]);
		assert_eq!(rejections(), [Reason::GateClosed], "what was forgotten cannot come back");
		assert_eq!(entries(&house), []);
	});
}

#[test]
fn the_market_after_delivery_opens_after_the_slot_where_the_community_has_one() {
	let post = |house: &House, sequence| {
		let mut order = house.bid(sequence, 100, 200_000);
		order.kind = MarketKind::Post;
		order
	};
	exchange(|| {
		let house = house(50);
		for (at, reason) in [
			(START, Some(Reason::MarketNotOpen)),
			(SLOT + 900 + 600, None),
			(SLOT + 900 + 3_601, Some(Reason::GateClosed)),
		] {
			go_to(at);
			next_block();
			enter(&[(&house, post(&house, at))]);
			assert_eq!(rejections(), reason.into_iter().collect::<Vec<_>>());
		}
	});
	let none = CommunityRules { post_opens_s: 0, post_gate_closure_s: 0, post_match_deadline_s: 0, ..rules() };
	in_exchange(none, || {
		let house = house(50);
		go_to(SLOT + 900 + 600);
		next_block();
		enter(&[(&house, post(&house, 1))]);
		assert_eq!(rejections(), [Reason::MarketNotOpen]);
	});
}

#[test]
fn only_the_communitys_relayer_enters_orders() {
	exchange(|| {
		for name in [OPERATOR, MATCHER, 50] {
			let refused = Orderbook::submit(signed(name), COMMUNITY, Default::default());
			assert_eq!(
				refused.map_err(|error| error.error),
				Err(pallet_wattfleet_registry::Error::<Runtime>::NotInRole.into())
			);
		}
	});
}

/// The weight that a batch is charged with up front covers what it turns out to cost.
#[test]
fn a_batch_costs_at_most_what_it_said() {
	use frame::deps::frame_support::dispatch::GetDispatchInfo;
	exchange(|| {
		let house = house(50);
		let mut items: Vec<_> = (0..60).map(|n| house.sign(house.bid(n, 1, 1).encode())).collect();
		for n in 0..20 {
			let mut order = house.offer(100 + n, 1, 1);
			order.slot_start += 900 * n;
			items.push(house.sign(order.encode()));
		}
		items.push(house.cancel(200, 3));
		let items: BoundedVec<_, _> = items.try_into().unwrap();
		let call = pallet_wattfleet_orderbook::Call::<Runtime>::submit { community: COMMUNITY, items: items.clone() };
		let said = call.get_dispatch_info().call_weight;
		let was = Orderbook::submit(signed(RELAYER), COMMUNITY, items).unwrap().actual_weight.unwrap();
		assert!(was.all_lte(said), "{was:?} is more than {said:?}");
		assert!(was.any_gt(Weight::zero()));
	});
}

/// An order that says when it expires gives its collateral and its place under the nameplate back then, not when its market
/// closes.
#[test]
fn an_order_expires_when_it_says() {
	exchange(|| {
		let house = house(50);
		let mut order = house.bid(1, 5_000, 100_000);
		order.expires_at = START + 300;
		enter(&[(&house, order)]);
		go_to(START + 300);
		idle(2);
		assert!(house.locked() > 0);
		go_to(START + 360);
		idle(1);
		assert_eq!((ended(), house.locked()), (vec![(OrderState::Expired, 5_000)], 0));
		assert_eq!(pallet_wattfleet_orderbook::Expiring::<Runtime>::iter().count(), 0);
		next_block();
		enter(&[(&house, house.bid(2, 5_000, 100_000))]);
		assert_eq!(rejections(), []);
	});
}

/// What was only looked at is not written: neither a market that no order entered nor a page that nobody filled.
#[test]
fn refused_orders_and_matches_leave_nothing_behind() {
	exchange(|| {
		let poor = house(50);
		enter(&[(&poor, poor.bid(1, 1_000, u32::MAX))]);
		assert_eq!(pallet_wattfleet_orderbook::Books::<Runtime>::iter().count(), 0);
		assert_eq!(pallet_wattfleet_orderbook::Entries::<Runtime>::iter().count(), 0);
		let seller = house(51);
		enter(&[(&poor, poor.bid(2, 10, 200_000)), (&seller, seller.offer(1, 10, 100_000))]);
		matches(&[(0, 1, 10), (4_000_000_000, 1, 1), (0, 77, 1)]);
		assert_eq!(pallet_wattfleet_orderbook::Pages::<Runtime>::iter().count(), 1);
	});
}

/// Whoever may not submit has cost a look-up, however much it sent.
#[test]
fn a_batch_of_somebody_without_the_role_costs_little() {
	exchange(|| {
		let items: Vec<_> = (0..500).map(|n| house(50).cancel(n, n)).take(1).cycle().take(500).collect();
		let refused = Orderbook::submit(signed(MATCHER), COMMUNITY, items.try_into().unwrap()).unwrap_err();
		let most = Weight::from_parts(100_000_000, 0);
		assert!(refused.post_info.actual_weight.is_some_and(|weight| weight.ref_time() <= most.ref_time()));
	});
}
