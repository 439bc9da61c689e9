//! Who takes part: communities with their rules, sites of members, gateways with their keys and epochs, and roles.
//!
//! On the chain a gateway is its public key and a member its account: pseudonyms. Who they are is known elsewhere.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod migrations;
mod types;

pub use pallet::*;
pub use types::{
	version_at, Community, Gateway, OnGatewayEnded, Role, Site, Version, Versions, WeightInfo, MAX_CAP_WH, MAX_VERSIONS,
};

#[frame::pallet]
pub mod pallet {
	use super::types::*;
	use alloc::vec::Vec;
	use frame::prelude::*;
	use wattfleet_primitives::{CommunityId, GatewayKey, Seconds, SiteId};

	/// 0: one version of each community, with a market before delivery and one rule. 1: versions by slot, with all rules.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::config]
	pub trait Config: frame_system::Config + pallet_timestamp::Config<Moment = u64> {
		/// Who makes communities and gives roles: a threshold of the council.
		type Governance: EnsureOrigin<Self::RuntimeOrigin>;
		/// Cancels what a gateway has open when its key or epoch ends.
		type OnGatewayEnded: OnGatewayEnded;
		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The chain's identity: 32 random bytes, new at every fresh start, inside every signed message.
	#[pallet::storage]
	pub type ChainId<T: Config> = StorageValue<_, [u8; 32], ValueQuery>;

	#[pallet::storage]
	pub type Communities<T: Config> = StorageMap<_, Twox64Concat, CommunityId, Versions<T::AccountId>, ValueQuery>;

	#[pallet::storage]
	pub type Roles<T: Config> =
		StorageDoubleMap<_, Twox64Concat, CommunityId, Blake2_128Concat, (Role, T::AccountId), (), OptionQuery>;

	#[pallet::storage]
	pub type Sites<T: Config> = StorageMap<_, Blake2_128Concat, SiteId, Site<T::AccountId>>;

	/// The one community of each account that has money: a member, a community's own two, a role. Its operator, and no
	/// other, registers the member's sites, issues money to the account and pays it out.
	#[pallet::storage]
	pub type Members<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, CommunityId>;

	/// Every key that was ever enrolled, so that none can come back for another site.
	#[pallet::storage]
	pub type Gateways<T: Config> = StorageMap<_, Blake2_128Concat, GatewayKey, Gateway>;

	/// Sites of each community: a split leaves none of them out.
	#[pallet::storage]
	pub type SiteCount<T: Config> = StorageMap<_, Twox64Concat, CommunityId, u32, ValueQuery>;

	/// A site's share of the community's export where it is split by static shares, in any unit that all of them have.
	#[pallet::storage]
	pub type Shares<T: Config> = StorageMap<_, Blake2_128Concat, SiteId, u32, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame::prelude::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		pub chain_id: [u8; 32],
		pub communities: Vec<(CommunityId, Community<T::AccountId>)>,
		pub roles: Vec<(CommunityId, Role, T::AccountId)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			ChainId::<T>::put(self.chain_id);
			for (id, community) in &self.communities {
				assert!(community.rules.is_sane(), "the rules of a community contradict each other");
				Pallet::<T>::join_own_accounts(*id, community).expect("an account belongs to one community");
				let version = Version { from: 0, entry: community.clone() };
				Communities::<T>::insert(id, Versions::truncate_from(alloc::vec![version]));
			}
			for (community, role, who) in &self.roles {
				assert!(Communities::<T>::contains_key(community), "a role in a community that there is not");
				Roles::<T>::insert(community, (role, who), ());
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		CommunitySet {
			community: CommunityId,
			from: Seconds,
			entry: Community<T::AccountId>,
		},
		RoleGranted {
			community: CommunityId,
			role: Role,
			who: T::AccountId,
		},
		RoleRevoked {
			community: CommunityId,
			role: Role,
			who: T::AccountId,
		},
		SiteSet {
			site: SiteId,
			community: CommunityId,
			member: T::AccountId,
			zone: u32,
			cap_import_wh: u32,
			cap_export_wh: u32,
		},
		ShareSet {
			site: SiteId,
			share: u32,
		},
		GatewayEnrolled {
			site: SiteId,
			gateway: GatewayKey,
			epoch: u32,
		},
		GatewayRevoked {
			site: SiteId,
			gateway: GatewayKey,
			epoch: u32,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The signer does not hold the role that this call needs.
		NotInRole,
		UnknownCommunity,
		UnknownSite,
		UnknownGateway,
		/// The phases of a slot contradict each other.
		RulesContradict,
		/// This key is or was another site's, or was revoked.
		KeyInUse,
		/// A site stays with its community and member; a transfer is a new site.
		SiteBelongsToAnother,
		/// This account belongs to another community, or to none.
		NotAMember,
		/// Orders of slots before this one may have entered under the rules that hold now.
		TooSoon,
		/// From its first slot on, a version holds for whole slots.
		NotASlotStart,
		/// Slots of so many earlier versions can still change.
		TooManyVersions,
		/// No site draws or feeds in so much.
		CapTooLarge,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Creates a community, or says what it is for slots from a start on, for which no order can have entered yet. The
		/// council.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::set_community())]
		pub fn set_community(
			origin: OriginFor<T>,
			community: CommunityId,
			from: Seconds,
			entry: Community<T::AccountId>,
		) -> DispatchResult {
			T::Governance::ensure_origin(origin)?;
			ensure!(entry.rules.is_sane(), Error::<T>::RulesContradict);
			Self::join_own_accounts(community, &entry)?;
			Communities::<T>::try_mutate(community, |versions| {
				let from = if versions.is_empty() { 0 } else { from };
				Self::ensure_follows(versions, &entry, from)?;
				Self::forget_versions(versions);
				// one that was announced for the same slots or later ones is taken back
				versions.retain(|version| version.from < from || from == 0);
				versions.try_push(Version { from, entry: entry.clone() }).map_err(|_| Error::<T>::TooManyVersions)?;
				Self::deposit_event(Event::CommunitySet { community, from, entry });
				Ok(())
			})
		}

		/// Gives an account a role in one community. The council.
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::grant_role())]
		pub fn grant_role(
			origin: OriginFor<T>,
			community: CommunityId,
			role: Role,
			who: T::AccountId,
		) -> DispatchResult {
			T::Governance::ensure_origin(origin)?;
			ensure!(Communities::<T>::contains_key(community), Error::<T>::UnknownCommunity);
			Roles::<T>::insert(community, (role, &who), ());
			Self::deposit_event(Event::RoleGranted { community, role, who });
			Ok(())
		}

		/// Takes a role away. The council.
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::revoke_role())]
		pub fn revoke_role(
			origin: OriginFor<T>,
			community: CommunityId,
			role: Role,
			who: T::AccountId,
		) -> DispatchResult {
			T::Governance::ensure_origin(origin)?;
			Roles::<T>::remove(community, (role, &who));
			Self::deposit_event(Event::RoleRevoked { community, role, who });
			Ok(())
		}

		/// Registers a site or changes its zone and caps. The community's operator.
		#[pallet::call_index(3)]
		#[pallet::weight(<T as Config>::WeightInfo::set_site())]
		pub fn set_site(
			origin: OriginFor<T>,
			site: SiteId,
			community: CommunityId,
			member: T::AccountId,
			zone: u32,
			cap_import_wh: u32,
			cap_export_wh: u32,
		) -> DispatchResult {
			Self::ensure_role(origin, community, Role::Operator)?;
			ensure!(Communities::<T>::contains_key(community), Error::<T>::UnknownCommunity);
			Self::join(community, &member)?;
			ensure!(cap_import_wh <= MAX_CAP_WH && cap_export_wh <= MAX_CAP_WH, Error::<T>::CapTooLarge);
			let (gateway, epoch) = match Sites::<T>::get(site) {
				Some(old) => {
					ensure!(old.community == community && old.member == member, Error::<T>::SiteBelongsToAnother);
					(old.gateway, old.epoch)
				},
				None => {
					SiteCount::<T>::mutate(community, |count| *count = count.saturating_add(1));
					(None, 0)
				},
			};
			let entry = Site { community, member: member.clone(), zone, cap_import_wh, cap_export_wh, gateway, epoch };
			Sites::<T>::insert(site, entry);
			Self::deposit_event(Event::SiteSet { site, community, member, zone, cap_import_wh, cap_export_wh });
			Ok(())
		}

		/// Puts a key in force for a site and starts a new epoch; the key before it is revoked, and what was open under it
		/// is cancelled. The community's operator.
		#[pallet::call_index(4)]
		#[pallet::weight(<T as Config>::WeightInfo::enrol_gateway().saturating_add(T::OnGatewayEnded::weight()))]
		pub fn enrol_gateway(origin: OriginFor<T>, site: SiteId, gateway: GatewayKey) -> DispatchResultWithPostInfo {
			let mut entry = Sites::<T>::get(site).ok_or(Error::<T>::UnknownSite)?;
			Self::ensure_role(origin, entry.community, Role::Operator)?;
			if let Some(known) = Gateways::<T>::get(gateway) {
				ensure!(known.site == site && !known.revoked, Error::<T>::KeyInUse);
			}
			let ended = T::OnGatewayEnded::ended(&site);
			if let Some(old) = entry.gateway.filter(|old| *old != gateway) {
				Self::revoke(&old);
			}
			entry.epoch = entry.epoch.saturating_add(1);
			entry.gateway = Some(gateway);
			let epoch = entry.epoch;
			Gateways::<T>::insert(gateway, Gateway { site, epoch, revoked: false, ended_at: None });
			Sites::<T>::insert(site, entry);
			Self::deposit_event(Event::GatewayEnrolled { site, gateway, epoch });
			Ok(Some(<T as Config>::WeightInfo::enrol_gateway().saturating_add(ended)).into())
		}

		/// Ends a key: nothing signed by it enters any more, and what it has open is cancelled. The community's operator.
		#[pallet::call_index(5)]
		#[pallet::weight(<T as Config>::WeightInfo::revoke_gateway().saturating_add(T::OnGatewayEnded::weight()))]
		pub fn revoke_gateway(origin: OriginFor<T>, gateway: GatewayKey) -> DispatchResultWithPostInfo {
			let known = Gateways::<T>::get(gateway).ok_or(Error::<T>::UnknownGateway)?;
			let mut entry = Sites::<T>::get(known.site).ok_or(Error::<T>::UnknownSite)?;
			Self::ensure_role(origin, entry.community, Role::Operator)?;
			let mut ended = Weight::zero();
			if entry.gateway == Some(gateway) {
				ended = T::OnGatewayEnded::ended(&known.site);
				entry.gateway = None;
				Sites::<T>::insert(known.site, entry);
			}
			Self::revoke(&gateway);
			Ok(Some(<T as Config>::WeightInfo::revoke_gateway().saturating_add(ended)).into())
		}

		/// Sets a site's share in a community that splits by static shares. The community's operator.
		#[pallet::call_index(6)]
		#[pallet::weight(<T as Config>::WeightInfo::set_share())]
		pub fn set_share(origin: OriginFor<T>, site: SiteId, share: u32) -> DispatchResult {
			let entry = Sites::<T>::get(site).ok_or(Error::<T>::UnknownSite)?;
			Self::ensure_role(origin, entry.community, Role::Operator)?;
			Shares::<T>::insert(site, share);
			Self::deposit_event(Event::ShareSet { site, share });
			Ok(())
		}
	}

	impl<T: Config> Pallet<T> {
		/// The signer, if it holds this role in this community.
		pub fn ensure_role(
			origin: OriginFor<T>,
			community: CommunityId,
			role: Role,
		) -> Result<T::AccountId, DispatchError> {
			let who = ensure_signed(origin)?;
			ensure!(Roles::<T>::contains_key(community, (role, &who)), Error::<T>::NotInRole);
			Ok(who)
		}

		/// What a community is for a slot.
		pub fn community_at(community: CommunityId, slot_start: Seconds) -> Option<Community<T::AccountId>> {
			version_at(&Communities::<T>::get(community), slot_start).cloned()
		}

		/// Binds an account to a community, if it belongs to no other.
		pub fn join(community: CommunityId, account: &T::AccountId) -> DispatchResult {
			match Members::<T>::get(account) {
				Some(known) => ensure!(known == community, Error::<T>::NotAMember),
				None => Members::<T>::insert(account, community),
			}
			Ok(())
		}

		fn join_own_accounts(community: CommunityId, entry: &Community<T::AccountId>) -> DispatchResult {
			Self::join(community, &entry.balancing)?;
			Self::join(community, &entry.grid_operator)
		}

		/// Binds an account that takes part in a community to it: a member, or the holder of a role.
		pub fn ensure_takes_part(community: CommunityId, account: &T::AccountId) -> DispatchResult {
			let in_role = || Role::ALL.iter().any(|role| Roles::<T>::contains_key(community, (role, account)));
			match Members::<T>::get(account) {
				Some(known) => ensure!(known == community, Error::<T>::NotAMember),
				None => {
					ensure!(in_role(), Error::<T>::NotAMember);
					Members::<T>::insert(account, community);
				},
			}
			Ok(())
		}

		fn now() -> Seconds {
			pallet_timestamp::Pallet::<T>::get() / 1000
		}

		/// A version begins with a slot of all, after all slots whose markets are open.
		fn ensure_follows(
			versions: &Versions<T::AccountId>,
			entry: &Community<T::AccountId>,
			from: Seconds,
		) -> DispatchResult {
			for known in versions {
				let starts = known.entry.rules.is_slot_start(from) && entry.rules.is_slot_start(from);
				ensure!(starts, Error::<T>::NotASlotStart);
				let opens = known.entry.rules.spot_opens_s.max(entry.rules.spot_opens_s);
				ensure!(from > Self::now().saturating_add(opens.into()), Error::<T>::TooSoon);
			}
			Ok(())
		}

		/// Drops versions whose last slot can change no more: the next begins after it.
		fn forget_versions(versions: &mut Versions<T::AccountId>) {
			let now = Self::now();
			while let [oldest, next, ..] = &versions[..] {
				if oldest.entry.rules.times(next.from).forgotten_from >= now {
					break;
				}
				versions.remove(0);
			}
		}

		fn revoke(gateway: &GatewayKey) {
			Gateways::<T>::mutate(gateway, |known| {
				if let Some(known) = known.as_mut().filter(|known| !known.revoked) {
					known.revoked = true;
					known.ended_at = Some(Self::now());
					Self::deposit_event(Event::GatewayRevoked {
						site: known.site,
						gateway: *gateway,
						epoch: known.epoch,
					});
				}
			});
		}
	}
}
