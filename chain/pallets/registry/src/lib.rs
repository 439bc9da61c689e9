//! Who takes part: communities with their rules, sites of members, gateways with their keys and epochs, and roles.
//!
//! On the chain a gateway is its public key and a member its account: pseudonyms. Who they are is known elsewhere.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;
pub use pallet::*;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use wattfleet_primitives::{CommunityId, CommunityRules, GatewayKey, SiteId};

/// What an account may do in one community.
#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Role {
	/// Registers sites, enrols gateways, issues money.
	Operator,
	/// Enters signed orders.
	Relayer,
	MatchingEngine,
	SettlementEngine,
}

#[derive(
	Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Community<AccountId> {
	pub rules: CommunityRules,
	/// Gets what deviations cost.
	pub balancing: AccountId,
	/// Gets the grid fees.
	pub grid_operator: AccountId,
}

/// A member's metering point with the grid: the unit that trades and is settled.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Site<AccountId> {
	pub community: CommunityId,
	pub member: AccountId,
	/// Grid zone: the topology class of a trade follows from its two zones.
	pub zone: u32,
	/// Most that may be bid for, and offered, per slot: the nameplate.
	pub cap_import_wh: u32,
	pub cap_export_wh: u32,
	/// The key in force.
	pub gateway: Option<GatewayKey>,
	/// Of the latest enrolment; zero before the first.
	pub epoch: u32,
}

#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct Gateway {
	pub site: SiteId,
	pub epoch: u32,
	pub revoked: bool,
}

#[frame::pallet]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use frame::prelude::*;

	/// Enrolment costs two reads and three writes; no benchmark yet, so a generous constant.
	const CALL_WEIGHT: Weight = Weight::from_parts(150_000_000, 8_000);

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	#[pallet::pallet]
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
		CommunitySet { community: CommunityId, entry: Community<T::AccountId> },
		RoleGranted { community: CommunityId, role: Role, who: T::AccountId },
		RoleRevoked { community: CommunityId, role: Role, who: T::AccountId },
		SiteSet {
			site: SiteId,
			community: CommunityId,
			member: T::AccountId,
			zone: u32,
			cap_import_wh: u32,
			cap_export_wh: u32,
		},
		GatewayEnrolled { site: SiteId, gateway: GatewayKey, epoch: u32 },
		GatewayRevoked { site: SiteId, gateway: GatewayKey, epoch: u32 },
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
		/// Creates a community or changes its rules. Root.
		#[pallet::call_index(0)]
		#[pallet::weight(CALL_WEIGHT)]
		pub fn set_community(
			origin: OriginFor<T>,
			community: CommunityId,
			entry: Community<T::AccountId>,
		) -> DispatchResult {
			ensure_root(origin)?;
			ensure!(entry.rules.is_sane(), Error::<T>::RulesContradict);
			Communities::<T>::insert(community, &entry);
			Self::deposit_event(Event::CommunitySet { community, entry });
			Ok(())
		}

		/// Gives an account a role in one community. Root.
		#[pallet::call_index(1)]
		#[pallet::weight(CALL_WEIGHT)]
		pub fn grant_role(origin: OriginFor<T>, community: CommunityId, role: Role, who: T::AccountId) -> DispatchResult {
			ensure_root(origin)?;
			ensure!(Communities::<T>::contains_key(community), Error::<T>::UnknownCommunity);
			Roles::<T>::insert(community, (role, &who), ());
			Self::deposit_event(Event::RoleGranted { community, role, who });
			Ok(())
		}

		/// Takes a role away. Root.
		#[pallet::call_index(2)]
		#[pallet::weight(CALL_WEIGHT)]
		pub fn revoke_role(origin: OriginFor<T>, community: CommunityId, role: Role, who: T::AccountId) -> DispatchResult {
			ensure_root(origin)?;
			Roles::<T>::remove(community, (role, &who));
			Self::deposit_event(Event::RoleRevoked { community, role, who });
			Ok(())
		}

		/// Registers a site or changes its zone and caps. The community's operator.
		#[pallet::call_index(3)]
		#[pallet::weight(CALL_WEIGHT)]
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

		/// Puts a key in force for a site and starts a new epoch; the key before it is revoked. The community's operator.
		#[pallet::call_index(4)]
		#[pallet::weight(CALL_WEIGHT)]
		pub fn enrol_gateway(origin: OriginFor<T>, site: SiteId, gateway: GatewayKey) -> DispatchResult {
			let mut entry = Sites::<T>::get(site).ok_or(Error::<T>::UnknownSite)?;
			Self::ensure_role(origin, entry.community, Role::Operator)?;
			if let Some(known) = Gateways::<T>::get(gateway) {
				ensure!(known.site == site && !known.revoked, Error::<T>::KeyInUse);
			}
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

		/// Ends a key: nothing signed by it enters any more. The community's operator.
		#[pallet::call_index(5)]
		#[pallet::weight(CALL_WEIGHT)]
		pub fn revoke_gateway(origin: OriginFor<T>, gateway: GatewayKey) -> DispatchResult {
			let known = Gateways::<T>::get(gateway).ok_or(Error::<T>::UnknownGateway)?;
			let mut entry = Sites::<T>::get(known.site).ok_or(Error::<T>::UnknownSite)?;
			Self::ensure_role(origin, entry.community, Role::Operator)?;
			if entry.gateway == Some(gateway) {
				entry.gateway = None;
				Sites::<T>::insert(known.site, entry);
			}
			Self::revoke(&gateway);
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

		/// Fails where this account is no member of this community.
		pub fn ensure_member(community: CommunityId, account: &T::AccountId) -> DispatchResult {
			ensure!(Members::<T>::get(account) == Some(community), Error::<T>::NotAMember);
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
