// ioctl(2) with SIOCETHTOOL: what the program points at goes to the daemon, and what comes back is written over it.
//
// How much a program points at follows from the command, as in the kernel: the daemon knows what it answers, and here stands
// what it reads.

#include "preload.h"

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <string.h>

// No command that the daemon knows reads more.
#define MOST_READ 64

// The bytes that a command reads, its own word included.
static size_t read_size(const uint32_t *argument) {
  switch (argument[0]) {
  case ETHTOOL_SRXCSUM:
  case ETHTOOL_STXCSUM:
  case ETHTOOL_SSG:
  case ETHTOOL_STSO:
  case ETHTOOL_SGSO:
  case ETHTOOL_SGRO:
  case ETHTOOL_SFLAGS: return sizeof(struct ethtool_value);
  case ETHTOOL_GSTRINGS: return sizeof(struct ethtool_gstrings);
  case ETHTOOL_GSTATS: return sizeof(struct ethtool_stats);
  case ETHTOOL_GSSET_INFO: return sizeof(struct ethtool_sset_info);
  case ETHTOOL_GPERMADDR: return sizeof(struct ethtool_perm_addr);
  case ETHTOOL_GFEATURES: return sizeof(struct ethtool_gfeatures);
  case ETHTOOL_SFEATURES: {
    // The number of blocks is refused unless it is the daemon's, so more of them need not be read.
    size_t size = sizeof(struct ethtool_sfeatures);
    size_t most = (MOST_READ - size) / sizeof(struct ethtool_set_features_block);
    return size + (argument[1] < most ? argument[1] : most) * sizeof(struct ethtool_set_features_block);
  }
  case ETHTOOL_SCHANNELS: return sizeof(struct ethtool_channels);
  case ETHTOOL_GLINKSETTINGS: return sizeof(struct ethtool_link_settings);
  default: return sizeof(uint32_t);
  }
}

// Does what `ifreq` asks. Returns its result or -errno.
int ask_ethtool(const struct ifreq *ifreq, uint32_t is_admin) {
  void *argument = ifreq->ifr_data;
  if (argument == NULL) return -EFAULT;
  struct {
    struct ifreq ifreq;
    unsigned char argument[MOST_READ];
  } payload = {.ifreq = *ifreq};
  size_t size = read_size(argument);
  memcpy(payload.argument, argument, size);
  struct request request = {OP_IOCTL, {SIOCETHTOOL, MAX_ANSWER, is_admin}};
  return ask_once(&request, &payload, sizeof(*ifreq) + size, argument, MAX_ANSWER);
}
