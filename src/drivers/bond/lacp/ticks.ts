// The timers of 802.3ad, and what the churn machines find.
//
// Mirrors include/net/bond_3ad.h; IEEE 802.1AX-2020 6.4.4.

/** Ticks of the state machines in a second; all their timers count ticks (AD_TIMER_INTERVAL). */
export const TICKS = 10;
export const FAST_PERIODIC_TICKS = 1 * TICKS;
export const SLOW_PERIODIC_TICKS = 30 * TICKS;
export const SHORT_TIMEOUT_TICKS = 3 * TICKS;
export const LONG_TIMEOUT_TICKS = 90 * TICKS;
export const CHURN_DETECTION_TICKS = 60 * TICKS;
export const AGGREGATE_WAIT_TICKS = 2 * TICKS;
/** At most three messages a second. */
export const TX_TICKS = Math.floor(TICKS / 3);

/** Values of the churn machines, as netlink tells them (churn_state_t). */
export const CHURN_MONITOR = 0;
export const CHURN = 1;
export const NO_CHURN = 2;
