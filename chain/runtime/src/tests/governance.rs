use super::*;
use frame::deps::{
	sp_core::H256,
	sp_runtime::traits::{BlakeTwo256, Hash},
};
use pallet_collective::Event as CouncilEvent;
use sp_keystore::{testing::MemoryKeystore, KeystoreExt};

/// A motion of the first of the council, that this many of them vote for in all; yields how the call went.
fn motion(call: impl Into<RuntimeCall>, ayes: usize) -> Option<DispatchResult> {
	let call: RuntimeCall = call.into();
	let (hash, length) = (BlakeTwo256::hash_of(&call), call.encoded_size() as u32);
	next_block();
	let index = pallet_collective::ProposalCount::<Runtime, pallet_collective::Instance1>::get();
	Council::propose(signed(COUNCIL[0]), ayes as u32, Box::new(call), length).unwrap();
	if ayes > 1 {
		for name in &COUNCIL[..ayes] {
			Council::vote(signed(*name), hash, index, true).unwrap();
		}
		Council::close(signed(99), hash, index, Weight::MAX, length).unwrap();
	}
	events().into_iter().find_map(|event| match event {
		RuntimeEvent::Council(CouncilEvent::Executed { result, .. }) => Some(result),
		_ => None,
	})
}

fn set_community() -> pallet_wattfleet_registry::Call<Runtime> {
	let entry = Community { rules: rules(), balancing: account(31), grid_operator: account(32) };
	pallet_wattfleet_registry::Call::set_community { community: 8, from: 0, entry }
}

#[test]
fn two_of_three_make_a_community_and_give_roles_and_one_does_not() {
	exchange(|| {
		assert_eq!(motion(set_community(), 1), Some(Err(DispatchError::BadOrigin)));
		assert_eq!(dispatch(set_community(), COUNCIL[0]), Err(DispatchError::BadOrigin));
		assert_eq!(motion(set_community(), 2), Some(Ok(())));
		assert!(pallet_wattfleet_registry::Communities::<Runtime>::contains_key(8));
		let (community, role, who) = (COMMUNITY, Role::Relayer, account(77));
		let grant = pallet_wattfleet_registry::Call::grant_role { community, role, who: who.clone() };
		assert_eq!(motion(grant, 2), Some(Ok(())));
		assert_eq!(Orderbook::submit(signed(77), COMMUNITY, Default::default()).map(|_| ()), Ok(()));
		let revoke = pallet_wattfleet_registry::Call::revoke_role { community, role, who };
		assert_eq!(motion(revoke, 3), Some(Ok(())));
		assert!(Orderbook::submit(signed(77), COMMUNITY, Default::default()).is_err());
	});
}

#[test]
fn rules_that_contradict_each_other_are_refused() {
	exchange(|| {
		type Change = fn(&mut CommunityRules);
		let table: &[Change] = &[
			|rules| rules.slot_length_s = 0,
			|rules| rules.spot_opens_s = 330,
			|rules| rules.relay_margin_s = 299,
			|rules| rules.match_deadline_s = 300,
			|rules| rules.execution_latest_s = 10,
			|rules| rules.corrections_s = 10,
			|rules| rules.post_opens_s = 3_600,
			|rules| rules.post_match_deadline_s = 3_600,
			|rules| rules.post_match_deadline_s = 3_900,
			|rules| rules.post_gate_closure_s = 0,
		];
		for (row, change) in table.iter().enumerate() {
			let mut rules = rules();
			change(&mut rules);
			let entry = Community { rules, balancing: account(31), grid_operator: account(32) };
			let refused = motion(pallet_wattfleet_registry::Call::set_community { community: 9, from: 0, entry }, 2);
			let error = pallet_wattfleet_registry::Error::<Runtime>::RulesContradict.into();
			assert_eq!(refused, Some(Err(error)), "row {row}");
		}
	});
}

/// The way of a runtime upgrade: approved by hash, authorized by whoever carries it out, the code by anybody.
#[test]
fn an_upgrade_needs_the_council_and_then_anybody_can_bring_the_code() {
	exchange(|| {
		let code = vec![7u8; 1_000];
		let code_hash = H256(frame::deps::sp_io::hashing::blake2_256(&code));
		let authorize: RuntimeCall =
			frame_system::Call::<Runtime>::authorize_upgrade_without_checks { code_hash }.into();
		let carry_out = |by: u8| {
			let call: RuntimeCall =
				pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage { call: Box::new(authorize.clone()) }
					.into();
			let length_bound = call.encoded_size() as u32;
			next_block();
			let call = pallet_collective::Call::<Runtime, pallet_collective::Instance1>::execute {
				proposal: Box::new(call),
				length_bound,
			};
			dispatch(RuntimeCall::Council(call), by)
		};
		let authorized = || System::authorized_upgrade().is_some();
		assert!(carry_out(99).is_err(), "not of the council");
		assert_eq!((carry_out(COUNCIL[2]), authorized()), (Ok(()), false), "not approved: it is deferred");
		let whitelist = pallet_whitelist::Call::whitelist_call { call_hash: BlakeTwo256::hash_of(&authorize) };
		assert_eq!(motion(whitelist.clone(), 1), Some(Err(DispatchError::BadOrigin)));
		assert_eq!(motion(whitelist, 2), Some(Ok(())));
		assert_eq!(dispatch(authorize.clone(), COUNCIL[0]), Err(DispatchError::BadOrigin), "not by one alone");
		assert_eq!((carry_out(COUNCIL[2]), authorized()), (Ok(()), true));
		let other = frame_system::Call::<Runtime>::apply_authorized_upgrade { code: vec![8; 1_000] };
		assert!(RuntimeCall::from(other).dispatch(signed(99)).is_err());
		dispatch(frame_system::Call::<Runtime>::apply_authorized_upgrade { code: code.clone() }, 99).unwrap();
		assert_eq!(frame::deps::sp_io::storage::get(b":code").map(|code| code.to_vec()), Some(code));
		assert_eq!((carry_out(COUNCIL[2]), authorized()), (Ok(()), false), "approved once is carried out once");
	});
}

#[test]
fn the_council_changes_itself_by_its_threshold() {
	exchange(|| {
		let new_members = vec![account(21), account(22)];
		let change = || pallet_collective::Call::<Runtime, pallet_collective::Instance1>::set_members {
			new_members: new_members.clone(),
			prime: None,
			old_count: 3,
		};
		assert_eq!(motion(RuntimeCall::Council(change()), 1), Some(Err(DispatchError::BadOrigin)));
		assert_eq!(motion(RuntimeCall::Council(change()), 2), Some(Ok(())));
		assert_eq!(pallet_collective::Members::<Runtime, pallet_collective::Instance1>::get(), new_members);
	});
}

#[test]
fn the_council_names_validators_that_have_set_their_keys() {
	use frame::deps::sp_runtime::traits::OpaqueKeys;
	type ValidatorError = pallet_wattfleet_validators::Error<Runtime>;
	let mut ext = exchange_with(rules());
	ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
	ext.execute_with(|| {
		let who = account(70);
		Balances::force_set_balance(RuntimeOrigin::root(), who.clone().into(), 1_000).unwrap();
		let add = || pallet_wattfleet_validators::Call::add { validator: who.clone() };
		let remove = |name| pallet_wattfleet_validators::Call::remove { validator: account(name) };
		assert_eq!(motion(add(), 2), Some(Err(ValidatorError::NoKeys.into())));
		let generated = SessionKeys::generate(&who.encode(), None);
		let (keys, proof) = (generated.keys, generated.proof.encode());
		let with_anothers = pallet_session::Call::set_keys { keys: keys.clone(), proof: proof.clone() };
		assert!(dispatch(with_anothers, 71).is_err(), "a proof is for one account");
		dispatch(pallet_session::Call::set_keys { keys: keys.clone(), proof }, 70).unwrap();
		assert_eq!(motion(add(), 1), Some(Err(DispatchError::BadOrigin)));
		assert_eq!(motion(add(), 2), Some(Ok(())));
		assert_eq!(motion(add(), 2), Some(Err(ValidatorError::AlreadyValidator.into())));
		let rotate = || (0..2).for_each(|_| Session::rotate_session());
		rotate();
		assert_eq!(Session::validators(), [account(COUNCIL[0]), who.clone()]);
		let aura = pallet_aura::Authorities::<Runtime>::get().into_inner();
		assert_eq!(aura.len(), 2);
		assert!(aura.contains(&keys.get(frame::deps::sp_core::crypto::key_types::AURA).unwrap()));
		assert_eq!(motion(remove(COUNCIL[0]), 2), Some(Ok(())));
		rotate();
		assert_eq!(Session::validators(), [who.clone()]);
		assert_eq!(motion(remove(70), 2), Some(Err(ValidatorError::LastOne.into())));
		assert_eq!(motion(remove(99), 2), Some(Err(ValidatorError::NotAValidator.into())));
	});
}

#[test]
fn a_key_acts_for_a_member_within_its_limits() {
	exchange(|| {
		let house = house(50);
		let as_member = |by: u8, call: RuntimeCall| {
			next_block();
			let (real, call) = (house.member().into(), Box::new(call));
			dispatch(pallet_proxy::Call::proxy { real, force_proxy_type: None, call }, by)?;
			events()
				.into_iter()
				.find_map(|event| match event {
					RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result }) => Some(result),
					_ => None,
				})
				.expect("it was executed")
		};
		let withdraw = || pallet_wattfleet_vault::Call::withdraw { community: COMMUNITY, amount: 5 }.into();
		assert!(as_member(80, withdraw()).is_err(), "a key that nobody named");
		for (key, proxy_type) in [(80, ProxyType::Withdrawals), (81, ProxyType::Disputes)] {
			let name = pallet_proxy::Call::add_proxy { delegate: account(key).into(), proxy_type, delay: 0 };
			dispatch(name, house.name).unwrap();
		}
		let filtered = Err(frame_system::Error::<Runtime>::CallFiltered.into());
		assert_eq!(as_member(80, withdraw()), Ok(()));
		assert_eq!(house.locked(), 5);
		assert_eq!(as_member(81, withdraw()), filtered);
		let more = pallet_proxy::Call::add_proxy { delegate: account(82).into(), proxy_type: ProxyType::Any, delay: 0 };
		assert_eq!(as_member(80, more.into()), filtered, "it cannot name others");
		let set_site = |by: &House| pallet_wattfleet_registry::Call::set_site {
			site: by.site,
			community: COMMUNITY,
			member: by.member(),
			zone: 1,
			cap_import_wh: 1,
			cap_export_wh: 1,
		};
		let fleet =
			pallet_proxy::Call::add_proxy { delegate: account(83).into(), proxy_type: ProxyType::Fleet, delay: 0 };
		dispatch(fleet, OPERATOR).unwrap();
		let (real, call) = (account(OPERATOR).into(), Box::new(set_site(&house).into()));
		dispatch(pallet_proxy::Call::proxy { real, force_proxy_type: None, call }, 83).unwrap();
		assert_eq!(pallet_wattfleet_registry::Sites::<Runtime>::get(house.site).unwrap().cap_import_wh, 1);
	});
}

/// A version holds for slots whose markets are not open yet; what a slot is traded by never changes.
#[test]
fn new_rules_are_for_slots_to_come() {
	type RegistryError = pallet_wattfleet_registry::Error<Runtime>;
	exchange(|| {
		let dear = CommunityRules { fee_micro: [50_000, 60_000], ..rules() };
		let entry =
			|| Community { rules: dear.clone(), balancing: account(BALANCING), grid_operator: account(GRID_ACCOUNT) };
		let set = |from| {
			motion(pallet_wattfleet_registry::Call::set_community { community: COMMUNITY, from, entry: entry() }, 2)
		};
		let day = START + 86_400;
		assert_eq!(set(day), Some(Err(RegistryError::TooSoon.into())), "that slot's market is open");
		assert_eq!(set(day + 901), Some(Err(RegistryError::NotASlotStart.into())));
		assert_eq!(set(day + 900), Some(Ok(())));
		let fee_at = |slot| Registry::community_at(COMMUNITY, slot).map(|entry| entry.rules.fee_micro[0]);
		assert_eq!((fee_at(day), fee_at(day + 900), fee_at(day + 90_000)), (Some(10_000), Some(50_000), Some(50_000)));
		assert_eq!(set(day + 1_800), Some(Ok(())), "a further one");
		assert_eq!(set(day + 900), Some(Ok(())), "what was announced can be taken back before it opens");
		assert_eq!(pallet_wattfleet_registry::Communities::<Runtime>::get(COMMUNITY).len(), 2);
		for n in 2..8 {
			assert_eq!(set(day + 900 * n), Some(Ok(())));
		}
		assert_eq!(set(day + 9_000), Some(Err(RegistryError::TooManyVersions.into())));
		// once no slot of the first can change, there is room again
		go_to(day + 900 + 86_400 + 604_800 + 5_184_000 + 1_000);
		let much_later = (day + 86_400 * 90).div_ceil(900) * 900;
		assert_eq!(set(much_later), Some(Ok(())));
		assert_eq!(fee_at(day), None);
	});
}

#[test]
fn an_account_belongs_to_one_community() {
	exchange(|| {
		let house = house(50);
		assert_eq!(motion(set_community(), 2), Some(Ok(())));
		for (role, who) in [(Role::Operator, 40), (Role::Relayer, 50), (Role::GridOperator, GRID)] {
			let grant = pallet_wattfleet_registry::Call::grant_role { community: 8, role, who: account(who) };
			assert_eq!(motion(grant, 2), Some(Ok(())));
		}
		let not_a_member = Err(pallet_wattfleet_registry::Error::<Runtime>::NotAMember.into());
		let in_8 = |call: pallet_wattfleet_vault::Call<Runtime>, by| dispatch(call, by);
		let issue = pallet_wattfleet_vault::Call::issue {
			community: 8,
			account: house.member(),
			amount: 1,
			reference: [8; 32],
		};
		assert_eq!(in_8(issue, 40), not_a_member, "its money comes from its own operator");
		let withdraw = pallet_wattfleet_vault::Call::withdraw { community: 8, amount: 1 };
		assert_eq!(in_8(withdraw, 50), not_a_member, "and is paid out by it");
		let settle = pallet_wattfleet_vault::Call::settle_debt { community: 8, account: house.member() };
		assert_eq!(in_8(settle, 99), not_a_member);
		let take = pallet_wattfleet_registry::Call::set_site {
			site: [77; 16],
			community: 8,
			member: house.member(),
			zone: 1,
			cap_import_wh: 1,
			cap_export_wh: 1,
		};
		assert_eq!(dispatch(take, 40), not_a_member);
		let entry = Community { rules: rules(), balancing: account(BALANCING), grid_operator: account(33) };
		let other = pallet_wattfleet_registry::Call::set_community { community: 9, from: 0, entry };
		assert_eq!(motion(other, 2), Some(not_a_member));
	});
}

/// Silence is no agreement, not even after the motion's time.
#[test]
fn who_does_not_vote_has_not_agreed() {
	exchange(|| {
		let call: RuntimeCall = set_community().into();
		let (hash, length) = (BlakeTwo256::hash_of(&call), call.encoded_size() as u32);
		Council::propose(signed(COUNCIL[0]), 3, Box::new(call), length).unwrap();
		for name in &COUNCIL[..2] {
			Council::vote(signed(*name), hash, 0, true).unwrap();
		}
		System::set_block_number(7 * 14_400 + 10);
		Council::close(signed(99), hash, 0, Weight::MAX, length).unwrap();
		assert!(!pallet_wattfleet_registry::Communities::<Runtime>::contains_key(8));
	});
}
