// What: a program on libnl-3 and its caches: links, addresses, neighbours, routes and their events.
// Libraries: libnl-3.0 libnl-route-3.0
// Needs v0 and v1, a pair that is down.

#include <net/if.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <stdio.h>

static struct nl_sock *sock;

static void told(const char *what, int result) { printf("%s: %s\n", what, result < 0 ? nl_geterror(result) : "done"); }

static void show(struct nl_object *object, void *file) {
  struct nl_dump_params params = {.dp_type = NL_DUMP_LINE, .dp_fd = file};
  nl_object_dump(object, &params);
}

static void show_links(void) {
  struct nl_cache *cache;
  told("links", rtnl_link_alloc_cache(sock, AF_UNSPEC, &cache));
  printf("%d links\n", nl_cache_nitems(cache));
  nl_cache_foreach(cache, show, stdout);
  nl_cache_free(cache);
}

static void on_change(struct nl_cache *cache, struct nl_object *object, int action, void *context) {
  (void)cache, (void)context;
  printf("%s ", action == NL_ACT_NEW ? "new" : action == NL_ACT_DEL ? "del" : "change");
  show(object, stdout);
}

int main(void) {
  sock = nl_socket_alloc();
  told("connect", nl_connect(sock, NETLINK_ROUTE));
  struct nl_cache_mngr *manager;
  struct nl_cache *watched;
  told("manager", nl_cache_mngr_alloc(NULL, NETLINK_ROUTE, NL_AUTO_PROVIDE, &manager));
  told("watch", nl_cache_mngr_add(manager, "route/link", on_change, NULL, &watched));
  show_links();

  struct rtnl_link *veth = rtnl_link_veth_alloc(), *peer = rtnl_link_veth_get_peer(veth);
  rtnl_link_set_name(veth, "w0");
  rtnl_link_set_name(peer, "w1");
  rtnl_link_set_mtu(peer, 1400);
  rtnl_link_put(peer);
  told("add", rtnl_link_add(sock, veth, NLM_F_CREATE | NLM_F_EXCL));
  told("add again", rtnl_link_add(sock, veth, NLM_F_CREATE | NLM_F_EXCL));
  rtnl_link_put(veth);

  struct rtnl_link *link, *change = rtnl_link_alloc();
  told("get", rtnl_link_get_kernel(sock, 0, "w0", &link));
  printf("%s %d %s mtu %u queues %u\n", rtnl_link_get_name(link), rtnl_link_get_ifindex(link), rtnl_link_get_type(link),
         rtnl_link_get_mtu(link), rtnl_link_get_num_tx_queues(link));
  rtnl_link_set_flags(change, IFF_UP);
  rtnl_link_set_mtu(change, 1300);
  told("change", rtnl_link_change(sock, link, change, 0));
  rtnl_link_set_mtu(change, 99999999);
  told("change too far", rtnl_link_change(sock, link, change, 0));
  told("nothing", rtnl_link_get_kernel(sock, 0, "nothing", &veth));

  struct rtnl_addr *addr = rtnl_addr_alloc();
  struct nl_addr *local, *near, *lladdr, *far;
  nl_addr_parse("10.1.2.3/24", AF_INET, &local);
  rtnl_addr_set_ifindex(addr, rtnl_link_get_ifindex(link));
  rtnl_addr_set_local(addr, local);
  told("address", rtnl_addr_add(sock, addr, 0));
  told("address again", rtnl_addr_add(sock, addr, 0));
  struct nl_cache *cache;
  rtnl_addr_alloc_cache(sock, &cache);
  nl_cache_foreach(cache, show, stdout);
  nl_cache_free(cache);

  struct rtnl_neigh *neigh = rtnl_neigh_alloc();
  nl_addr_parse("10.1.2.9", AF_INET, &near);
  nl_addr_parse("02:00:00:00:00:09", AF_LLC, &lladdr);
  rtnl_neigh_set_ifindex(neigh, rtnl_link_get_ifindex(link));
  rtnl_neigh_set_dst(neigh, near);
  rtnl_neigh_set_lladdr(neigh, lladdr);
  rtnl_neigh_set_state(neigh, NUD_PERMANENT);
  told("neighbour", rtnl_neigh_add(sock, neigh, NLM_F_CREATE));
  rtnl_neigh_alloc_cache(sock, &cache);
  nl_cache_foreach(cache, show, stdout);
  nl_cache_free(cache);

  struct rtnl_route *route = rtnl_route_alloc();
  struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
  nl_addr_parse("10.9.0.0/16", AF_INET, &far);
  rtnl_route_set_dst(route, far);
  rtnl_route_nh_set_gateway(hop, near);
  rtnl_route_nh_set_ifindex(hop, rtnl_link_get_ifindex(link));
  rtnl_route_add_nexthop(route, hop);
  told("route", rtnl_route_add(sock, route, NLM_F_CREATE | NLM_F_EXCL));
  told("route again", rtnl_route_add(sock, route, NLM_F_CREATE | NLM_F_EXCL));
  rtnl_route_alloc_cache(sock, AF_INET, 0, &cache);
  nl_cache_foreach(cache, show, stdout);
  nl_cache_free(cache);
  told("delete route", rtnl_route_delete(sock, route, 0));
  told("delete neighbour", rtnl_neigh_delete(sock, neigh, 0));
  told("delete address", rtnl_addr_delete(sock, addr, 0));
  told("delete", rtnl_link_delete(sock, link));
  told("delete again", rtnl_link_delete(sock, link));
  show_links();
  told("events", nl_cache_mngr_data_ready(manager));
  return 0;
}
