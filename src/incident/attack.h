/* Names of MITRE ATT&CK techniques. */
#ifndef MERLON_INCIDENT_ATTACK_H
#define MERLON_INCIDENT_ATTACK_H
#include "base/str.h"

/* The name of "T1059.004" or "T1059"; of an unknown sub-technique its parent's; else empty.
 * Static. */
struct str attack_name(struct str id);
#endif
