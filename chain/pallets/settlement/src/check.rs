//! The invariants of the exchange's money, over the whole state. For tests and for whoever tries an upgrade out.

use crate::{
	pallet::{Bonds, Config, Pallet, Slots, Totals, Trades},
	types::{Phase, TradeState},
};
use alloc::collections::BTreeMap;
use frame::prelude::*;
use frame::traits::fungible::InspectHold;
use pallet_wattfleet_orderbook::Pallet as Orderbook;
use pallet_wattfleet_vault::{HoldReason, Pallet as Vault, Withdrawals};
use wattfleet_primitives::{value_nano, Nano};

type Sums<T> = BTreeMap<<T as frame_system::Config>::AccountId, Nano>;

fn add<A: Ord + Clone>(sums: &mut BTreeMap<A, Nano>, account: &A, amount: Nano) {
	let sum = sums.entry(account.clone()).or_default();
	*sum = sum.saturating_add(amount);
}

impl<T: Config> Pallet<T> {
	/// What open orders and trades need locked, by member.
	fn collateral_needed() -> Sums<T> {
		let mut sums = Orderbook::<T>::locked_in_orders();
		for trade in Trades::<T>::iter_values().filter(|trade| trade.state == TradeState::Open) {
			add(&mut sums, &trade.buyer, value_nano(trade.energy_wh, trade.buyer_rate_micro));
		}
		for totals in Totals::<T>::iter_values().filter(|totals| totals.settled.is_none() && !totals.given_up) {
			add(&mut sums, &totals.member, totals.held_for_shortfall.saturating_add(totals.held_for_unused));
		}
		sums
	}

	/// Every nano is accounted for: all that was issued and not redeemed exists; what each account has locked is what its
	/// open orders, trades, withdrawals and stake need, no more and no less. Per slot, allocated sold is allocated bought,
	/// and the counts of what is still to do are right.
	pub fn check_money() -> Result<(), &'static str> {
		Vault::<T>::check_outstanding()?;
		let mut withdrawals: Sums<T> = BTreeMap::new();
		for withdrawal in Withdrawals::<T>::iter_values() {
			add(&mut withdrawals, &withdrawal.account, withdrawal.amount);
		}
		let mut bonds: Sums<T> = BTreeMap::new();
		for (_, engine, bond) in Bonds::<T>::iter() {
			add(&mut bonds, &engine, bond.amount);
		}
		Self::check_holds(HoldReason::Collateral, &Self::collateral_needed())?;
		Self::check_holds(HoldReason::Withdrawal, &withdrawals)?;
		Self::check_holds(HoldReason::Bond, &bonds)?;
		Self::check_slots()
	}

	fn check_holds(reason: HoldReason, needed: &Sums<T>) -> Result<(), &'static str> {
		let reason = reason.into();
		for account in frame_system::Account::<T>::iter_keys().chain(needed.keys().cloned()) {
			let held = <T as pallet_wattfleet_vault::Config>::Currency::balance_on_hold(&reason, &account);
			ensure!(
				held == needed.get(&account).copied().unwrap_or(0),
				"an account has locked other than what its orders, trades, withdrawals and stake need"
			);
		}
		Ok(())
	}

	fn check_slots() -> Result<(), &'static str> {
		for (slot, state) in Slots::<T>::iter().filter(|(_, state)| state.phase != Phase::Forgetting) {
			let (mut sold, mut bought, mut open_sites) = (0u64, 0u64, 0u32);
			for totals in Totals::<T>::iter_prefix(slot).map(|(_, totals)| totals) {
				sold = sold.saturating_add(totals.allocated_sold_wh.into());
				bought = bought.saturating_add(totals.allocated_bought_wh.into());
				open_sites = open_sites.saturating_add(u32::from(totals.settled.is_none() && !totals.given_up));
				let delivered = totals.delivered().map_or(0, |share| share.part);
				let taken = totals.taken().map_or(0, |share| share.part);
				ensure!(totals.allocated_sold_wh <= delivered, "a site gave more than it delivered");
				ensure!(totals.allocated_bought_wh <= taken, "a site got more than it took");
			}
			let open_trades =
				Trades::<T>::iter_prefix(slot).filter(|(_, trade)| trade.state == TradeState::Open).count();
			ensure!(sold == bought, "allocated sold is not allocated bought");
			ensure!(
				state.open_sites == open_sites && state.open_trades as usize == open_trades,
				"a slot counts other than what is still to do in it"
			);
		}
		Ok(())
	}
}
