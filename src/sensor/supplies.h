/* What each live sensor can supply at best: the fields it sets itself, and of those with a long list
 * the event kinds; each list ends with its `none`. Kept beside the sensors because they alone know; enrichment adds its own
 * (enrich/supplies.h). For `rules check --host`. */
#ifndef MERLON_SENSOR_SUPPLIES_H
#define MERLON_SENSOR_SUPPLIES_H
#include <stdint.h>

extern const uint16_t supplies_bpf_kinds[], supplies_bpf_fields[];
extern const uint16_t supplies_fallback_fields[];
extern const uint16_t supplies_audit_fields[];
extern const uint16_t supplies_log_fields[];
extern const uint16_t supplies_logins_fields[];
#endif
