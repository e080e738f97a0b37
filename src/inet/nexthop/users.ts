// Which routes go by which nexthop object.
//
// Mirrors include/net/nexthop.h (nexthop's fi_list and f6i_list).

import type { NexthopObject } from "./object.ts";

/** Routes by their object. */
type Users<Route> = Map<NexthopObject, Set<Route>>;

/** The routes that go by an object. */
export function usersOf<Route>(users: Users<Route>, object: NexthopObject): ReadonlySet<Route> {
  return users.get(object) ?? new Set();
}

/** Notes that a route goes by an object; null: by none. */
export function addUser<Route>(users: Users<Route>, object: NexthopObject | null, route: Route): void {
  if (object === null) return;
  const routes = users.get(object);
  if (routes === undefined) users.set(object, new Set([route]));
  else routes.add(route);
}

/** Notes that it does so no longer. */
export function removeUser<Route>(users: Users<Route>, object: NexthopObject | null, route: Route): void {
  if (object === null) return;
  const routes = users.get(object);
  if (routes?.delete(route) === true && routes.size === 0) users.delete(object);
}
