//! The storage items that a call works on, each read and written once.

use crate::{
	pallet::{Books, Config, Entries, Pages},
	types::{Book, MarketKey, OrderRecord, Page, Position, SiteEntries, PAGE_ORDERS},
};
use alloc::collections::BTreeMap;
use frame::prelude::*;
use wattfleet_primitives::SiteId;

type BookOf<T> = Book<BlockNumberFor<T>>;
type RecordOf<T> = OrderRecord<<T as frame_system::Config>::AccountId>;

/// Books, pages and entries by key, as far as they were asked for. Nothing is written before `save`.
pub struct Desk<T: Config> {
	books: BTreeMap<MarketKey, BookOf<T>>,
	pages: BTreeMap<(MarketKey, u32), Page<T::AccountId>>,
	entries: BTreeMap<SiteId, SiteEntries>,
}

impl<T: Config> Desk<T> {
	pub fn new() -> Self {
		Self { books: BTreeMap::new(), pages: BTreeMap::new(), entries: BTreeMap::new() }
	}

	pub fn book(&mut self, market: MarketKey) -> &mut BookOf<T> {
		self.books.entry(market).or_insert_with(|| Books::<T>::get(market))
	}

	fn page(&mut self, market: MarketKey, page: u32) -> &mut Page<T::AccountId> {
		self.pages.entry((market, page)).or_insert_with(|| Pages::<T>::get(market, page))
	}

	pub fn order(&mut self, market: MarketKey, position: Position) -> Option<&mut RecordOf<T>> {
		let at = usize::try_from(position % PAGE_ORDERS).ok()?;
		self.page(market, position / PAGE_ORDERS).get_mut(at)
	}

	/// The entries of a site, without those that `is_stale` says are; the first time that it is asked for.
	pub fn entries(&mut self, site: SiteId, is_stale: impl Fn(&crate::Entry) -> bool) -> &mut SiteEntries {
		self.entries.entry(site).or_insert_with(|| {
			let mut entries = Entries::<T>::get(site);
			entries.retain(|entry| !is_stale(entry));
			entries
		})
	}

	/// The next position of a market, or nothing where it is full.
	pub fn next_position(&mut self, market: MarketKey) -> Option<Position> {
		let position = self.book(market).entered;
		(position < Position::MAX).then_some(position)
	}

	/// Puts an order at the next position of its market, which `next_position` named.
	pub fn push(&mut self, market: MarketKey, record: RecordOf<T>) {
		let position = self.book(market).entered;
		let pushed = self.page(market, position / PAGE_ORDERS).try_push(record);
		debug_assert!(pushed.is_ok(), "the page of the next position has room");
		self.book(market).entered = position.saturating_add(1);
	}

	/// Pages that were touched.
	pub fn touched_pages(&self) -> u32 {
		self.pages.len() as u32
	}

	/// Writes all of it back.
	pub fn save(self) {
		for (market, book) in self.books {
			Books::<T>::insert(market, book);
		}
		for ((market, page), orders) in self.pages {
			Pages::<T>::insert(market, page, orders);
		}
		for (site, entries) in self.entries {
			match entries.is_empty() {
				true => Entries::<T>::remove(site),
				false => Entries::<T>::insert(site, entries),
			}
		}
	}
}
