// Times of the modes balance-tlb and balance-alb, in ticks.
//
// Mirrors include/net/bond_alb.h.

/** A second (ALB_TIMER_TICKS_PER_SEC). */
export const TICKS = 10;
/** Between two balances of what is sent (BOND_TLB_REBALANCE_INTERVAL, BOND_TLB_REBALANCE_TICKS). */
export const REBALANCE_SECONDS = 10;
export const REBALANCE_TICKS = REBALANCE_SECONDS * TICKS;
/** After a question of ours, before clients are told again where to send to (RLB_UPDATE_DELAY). */
export const UPDATE_DELAY = 2 * TICKS;
/** How often clients of a slave that has gone are told once more (RLB_UPDATE_RETRY). */
export const UPDATE_RETRIES = 3;
/** For how long the active slave listens to all after another one has gone (RLB_PROMISC_TIMEOUT). */
export const PROMISCUOUS_TICKS = 10 * TICKS;
