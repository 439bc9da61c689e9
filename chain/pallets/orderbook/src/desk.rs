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

/// A storage item, and whether it has to be written back.
struct Item<V> {
	value: V,
	changed: bool,
}

impl<V> Item<V> {
	fn read(value: V) -> Self {
		Self { value, changed: false }
	}

	fn change(&mut self) -> &mut V {
		self.changed = true;
		&mut self.value
	}
}

/// Books, pages and entries by key, as far as they were asked for. Nothing is written before `save`, and only what changed.
pub struct Desk<T: Config> {
	books: BTreeMap<MarketKey, Item<BookOf<T>>>,
	pages: BTreeMap<(MarketKey, u32), Item<Page<T::AccountId>>>,
	entries: BTreeMap<SiteId, Item<SiteEntries>>,
}

impl<T: Config> Desk<T> {
	pub fn new() -> Self {
		Self { books: BTreeMap::new(), pages: BTreeMap::new(), entries: BTreeMap::new() }
	}

	fn book_item(&mut self, market: MarketKey) -> &mut Item<BookOf<T>> {
		self.books.entry(market).or_insert_with(|| Item::read(Books::<T>::get(market)))
	}

	pub fn book(&mut self, market: MarketKey) -> &BookOf<T> {
		&self.book_item(market).value
	}

	pub fn change_book(&mut self, market: MarketKey) -> &mut BookOf<T> {
		self.book_item(market).change()
	}

	fn page_item(&mut self, market: MarketKey, page: u32) -> &mut Item<Page<T::AccountId>> {
		self.pages.entry((market, page)).or_insert_with(|| Item::read(Pages::<T>::get(market, page)))
	}

	fn has(&mut self, market: MarketKey, position: Position) -> bool {
		position < self.book(market).entered
	}

	/// The order at a position of a market, if there is one: a position that nobody took costs no page.
	pub fn order(&mut self, market: MarketKey, position: Position) -> Option<&RecordOf<T>> {
		if !self.has(market, position) {
			return None;
		}
		self.page_item(market, position / PAGE_ORDERS).value.get(usize::try_from(position % PAGE_ORDERS).ok()?)
	}

	pub fn change_order(&mut self, market: MarketKey, position: Position) -> Option<&mut RecordOf<T>> {
		if !self.has(market, position) {
			return None;
		}
		let at = usize::try_from(position % PAGE_ORDERS).ok()?;
		self.page_item(market, position / PAGE_ORDERS).change().get_mut(at)
	}

	fn entries_item(&mut self, site: SiteId) -> &mut Item<SiteEntries> {
		self.entries.entry(site).or_insert_with(|| Item::read(Entries::<T>::get(site)))
	}

	/// Whether nobody has asked for this site's entries yet.
	pub fn is_new(&self, site: SiteId) -> bool {
		!self.entries.contains_key(&site)
	}

	pub fn entries(&mut self, site: SiteId) -> &SiteEntries {
		&self.entries_item(site).value
	}

	pub fn change_entries(&mut self, site: SiteId) -> &mut SiteEntries {
		self.entries_item(site).change()
	}

	/// The next position of a market, or nothing where it is full.
	pub fn next_position(&mut self, market: MarketKey) -> Option<Position> {
		let position = self.book(market).entered;
		(position < Position::MAX).then_some(position)
	}

	/// Puts an order at the next position of its market, which `next_position` named.
	pub fn push(&mut self, market: MarketKey, record: RecordOf<T>) {
		let position = self.book(market).entered;
		let pushed = self.page_item(market, position / PAGE_ORDERS).change().try_push(record);
		debug_assert!(pushed.is_ok(), "the page of the next position has room");
		self.change_book(market).entered = position.saturating_add(1);
	}

	/// Pages that were touched.
	pub fn touched_pages(&self) -> u32 {
		self.pages.len() as u32
	}

	/// Writes back what changed.
	pub fn save(self) {
		for (market, book) in self.books.into_iter().filter(|(_, book)| book.changed) {
			Books::<T>::insert(market, book.value);
		}
		for ((market, page), orders) in self.pages.into_iter().filter(|(_, page)| page.changed) {
			Pages::<T>::insert(market, page, orders.value);
		}
		for (site, entries) in self.entries.into_iter().filter(|(_, entries)| entries.changed) {
			match entries.value.is_empty() {
				true => Entries::<T>::remove(site),
				false => Entries::<T>::insert(site, entries.value),
			}
		}
	}
}
