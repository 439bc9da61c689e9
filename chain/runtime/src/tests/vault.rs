use super::*;
use pallet_wattfleet_vault::{Error, Withdrawals};

type VaultError = Error<Runtime>;

#[test]
fn money_is_issued_once_per_reference_to_those_who_take_part() {
	exchange(|| {
		house(50);
		let issue = |name, reference| Vault::issue(signed(OPERATOR), COMMUNITY, account(name), 5, [reference; 32]);
		assert_eq!(issue(50, 1), Ok(()));
		assert_eq!(issue(50, 1), Err(VaultError::ReferenceUsed.into()));
		assert_eq!(issue(99, 2), Err(pallet_wattfleet_registry::Error::<Runtime>::NotAMember.into()));
		assert_eq!(issue(BALANCING, 3), Ok(()));
		let by_another = Vault::issue(signed(RELAYER), COMMUNITY, account(50), 5, [4; 32]);
		assert_eq!(by_another, Err(pallet_wattfleet_registry::Error::<Runtime>::NotInRole.into()));
		assert_eq!(free(50), FUNDS + 5);
	});
}

#[test]
fn a_withdrawal_waits_for_the_operator_who_redeems_or_declines_it() {
	exchange(|| {
		let house = house(50);
		assert_eq!(Vault::withdraw(signed(50), COMMUNITY, 2 * FUNDS), Err(VaultError::NotEnoughFree.into()));
		Vault::withdraw(signed(50), COMMUNITY, 400).unwrap();
		Vault::withdraw(signed(50), COMMUNITY, 600).unwrap();
		assert_eq!((house.free(), house.locked()), (FUNDS - 1_000, 1_000));
		assert_eq!(Settlement::check_money(), Ok(()));
		Vault::redeem(signed(OPERATOR), COMMUNITY, 1, [1; 32]).unwrap();
		assert_eq!(
			Vault::redeem(signed(OPERATOR), COMMUNITY, 2, [1; 32]),
			Err(VaultError::ReferenceUsed.into()),
			"one payment is not two"
		);
		assert_eq!(Vault::redeem(signed(OPERATOR), COMMUNITY, 1, [2; 32]), Err(VaultError::UnknownWithdrawal.into()));
		assert!(Withdrawals::<Runtime>::contains_key(COMMUNITY, 2), "a refused call changes nothing");
		Vault::decline(signed(OPERATOR), COMMUNITY, 2).unwrap();
		assert_eq!((house.free(), house.locked()), (FUNDS - 400, 0));
		assert_eq!(pallet_wattfleet_vault::Outstanding::<Runtime>::get(COMMUNITY), FUNDS - 400);
		assert_eq!(pallet_balances::TotalIssuance::<Runtime, pallet_balances::Instance1>::get(), FUNDS - 400);
	});
}

#[test]
fn what_is_locked_for_orders_cannot_be_withdrawn() {
	exchange(|| {
		let house = house(50);
		enter(&[(&house, house.bid(1, 5_000, 100_000_000))]);
		assert_eq!(
			Vault::withdraw(signed(50), COMMUNITY, FUNDS - house.locked() + 1),
			Err(VaultError::NotEnoughFree.into())
		);
	});
}

#[test]
fn a_debt_blocks_orders_and_withdrawals_and_is_paid_by_the_next_money() {
	exchange(|| {
		let house = house(50);
		let owed = FUNDS + 300;
		Vault::charge(COMMUNITY, &house.member(), owed).unwrap();
		assert_eq!((house.free(), Vault::debt(&house.member()), free(BALANCING)), (0, 300, FUNDS));
		assert_eq!(Vault::withdraw(signed(50), COMMUNITY, 1), Err(VaultError::InDebt.into()));
		next_block();
		enter(&[(&house, house.bid(1, 1, 0))]);
		let refused = orderbook_events();
		assert!(
			matches!(
				refused[..],
				[pallet_wattfleet_orderbook::Event::ItemRejected { reason: wattfleet_primitives::Reason::Debt, .. }]
			),
			"{refused:?}"
		);
		issue(50, 500);
		assert_eq!((house.free(), Vault::debt(&house.member()), free(BALANCING)), (200, 0, FUNDS + 300));
	});
}

/// What the balancing account cannot pay it owes; whoever is owed collects it later.
#[test]
fn a_claim_waits_until_the_balancing_account_has_money_and_is_set_off_against_debts() {
	exchange(|| {
		let house = house(50);
		Vault::refund(COMMUNITY, &house.member(), 100).unwrap();
		assert_eq!(pallet_wattfleet_vault::Claims::<Runtime>::get(house.member()), 100);
		issue(BALANCING, 60);
		Vault::settle_debt(signed(99), COMMUNITY, house.member()).unwrap();
		assert_eq!((house.free(), free(BALANCING)), (FUNDS + 60, 0));
		Vault::charge(COMMUNITY, &house.member(), 50).unwrap();
		assert_eq!(pallet_wattfleet_vault::Claims::<Runtime>::get(house.member()), 0);
		assert_eq!((house.free(), free(BALANCING)), (FUNDS + 50, 10));
		assert_eq!(Vault::settle_debt(signed(99), COMMUNITY, house.member()), Err(VaultError::NoDebt.into()));
	});
}
