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
pub use types::{Community, Gateway, OnGatewayEnded, Role, Site, WeightInfo};

#[frame::pallet]
pub mod pallet {
	use super::types::*;
	use alloc::vec::Vec;
	use frame::prelude::*;
	use wattfleet_primitives::{CommunityId, GatewayKey, SiteId};

	/// 1: communities without a market after delivery, disputes, corrections, bond and choice of rule. 2: with them.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	#[pallet::config]
	pub trait Config: frame_system::Config {
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
	pub type Communities<T: Config> = StorageMap<_, Twox64Concat, CommunityId, Community<T::AccountId>>;

	#[pallet::storage]
	pub type Roles<T: Config> =
		StorageDoubleMap<_, Twox64Concat, CommunityId, Blake2_128Concat, (Role, T::AccountId), (), OptionQuery>;

	#[pallet::storage]
	pub type Sites<T: Config> = StorageMap<_, Blake2_128Concat, SiteId, Site<T::AccountId>>;

	/// The one community of each member: its operator, and no other, registers the member's sites and issues money to it.
	#[pallet::storage]
	pub type Members<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, CommunityId>;

	/// Every key that was ever enrolled, so that none can come back for another site.
	#[pallet::storage]
	pub type Gateways<T: Config> = StorageMap<_, Blake2_128Concat, GatewayKey, Gateway>;

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
				Communities::<T>::insert(id, community);
			}
			for (community, role, who) in &self.roles {
				Roles::<T>::insert(community, (role, who), ());
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		CommunitySet {
			community: CommunityId,
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
		/// This account is a member of another community, or of none.
		NotAMember,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Creates a community or changes its rules. The council.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::set_community())]
		pub fn set_community(
			origin: OriginFor<T>,
			community: CommunityId,
			entry: Community<T::AccountId>,
		) -> DispatchResult {
			T::Governance::ensure_origin(origin)?;
			ensure!(entry.rules.is_sane(), Error::<T>::RulesContradict);
			Communities::<T>::insert(community, &entry);
			Self::deposit_event(Event::CommunitySet { community, entry });
			Ok(())
		}

		/// Gives an account a role in one community. The council.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::grant_role())]
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
		#[pallet::weight(T::WeightInfo::revoke_role())]
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
		#[pallet::weight(T::WeightInfo::set_site())]
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
			ensure!(Members::<T>::get(&member).is_none_or(|known| known == community), Error::<T>::NotAMember);
			let (gateway, epoch) = match Sites::<T>::get(site) {
				Some(old) => {
					ensure!(old.community == community && old.member == member, Error::<T>::SiteBelongsToAnother);
					(old.gateway, old.epoch)
				},
				None => (None, 0),
			};
			let entry = Site { community, member: member.clone(), zone, cap_import_wh, cap_export_wh, gateway, epoch };
			Sites::<T>::insert(site, entry);
			Members::<T>::insert(&member, community);
			Self::deposit_event(Event::SiteSet { site, community, member, zone, cap_import_wh, cap_export_wh });
			Ok(())
		}

		/// Puts a key in force for a site and starts a new epoch; the key before it is revoked, and what was open under it
		/// is cancelled. The community's operator.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::enrol_gateway().saturating_add(T::OnGatewayEnded::weight()))]
		pub fn enrol_gateway(origin: OriginFor<T>, site: SiteId, gateway: GatewayKey) -> DispatchResult {
			let mut entry = Sites::<T>::get(site).ok_or(Error::<T>::UnknownSite)?;
			Self::ensure_role(origin, entry.community, Role::Operator)?;
			if let Some(known) = Gateways::<T>::get(gateway) {
				ensure!(known.site == site && !known.revoked, Error::<T>::KeyInUse);
			}
			T::OnGatewayEnded::ended(&site);
			if let Some(old) = entry.gateway.filter(|old| *old != gateway) {
				Self::revoke(&old);
			}
			entry.epoch = entry.epoch.saturating_add(1);
			entry.gateway = Some(gateway);
			let epoch = entry.epoch;
			Gateways::<T>::insert(gateway, Gateway { site, epoch, revoked: false });
			Sites::<T>::insert(site, entry);
			Self::deposit_event(Event::GatewayEnrolled { site, gateway, epoch });
			Ok(())
		}

		/// Ends a key: nothing signed by it enters any more, and what it has open is cancelled. The community's operator.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::revoke_gateway().saturating_add(T::OnGatewayEnded::weight()))]
		pub fn revoke_gateway(origin: OriginFor<T>, gateway: GatewayKey) -> DispatchResult {
			let known = Gateways::<T>::get(gateway).ok_or(Error::<T>::UnknownGateway)?;
			let mut entry = Sites::<T>::get(known.site).ok_or(Error::<T>::UnknownSite)?;
			Self::ensure_role(origin, entry.community, Role::Operator)?;
			if entry.gateway == Some(gateway) {
				T::OnGatewayEnded::ended(&known.site);
				entry.gateway = None;
				Sites::<T>::insert(known.site, entry);
			}
			Self::revoke(&gateway);
			Ok(())
		}

		/// Sets a site's share in a community that splits by static shares. The community's operator.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::set_share())]
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

		/// Fails where this account has no part in this community: neither a member, nor one of its two accounts, nor in
		/// a role.
		pub fn ensure_takes_part(community: CommunityId, account: &T::AccountId) -> DispatchResult {
			let entry = Communities::<T>::get(community).ok_or(Error::<T>::UnknownCommunity)?;
			let takes_part = entry.balancing == *account
				|| entry.grid_operator == *account
				|| Members::<T>::get(account) == Some(community)
				|| Role::ALL.iter().any(|role| Roles::<T>::contains_key(community, (role, account)));
			ensure!(takes_part, Error::<T>::NotAMember);
			Ok(())
		}

		fn revoke(gateway: &GatewayKey) {
			Gateways::<T>::mutate(gateway, |known| {
				if let Some(known) = known.as_mut().filter(|known| !known.revoked) {
					known.revoked = true;
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
