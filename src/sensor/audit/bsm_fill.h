/* What the tokens of a record say, as fields of the event being built. */
#ifndef MERLON_SENSOR_AUDIT_BSM_FILL_H
#define MERLON_SENSOR_AUDIT_BSM_FILL_H
#include "sensor/audit/bsm_record.h"

/* kind: what the record's number stands for. A call that failed did not happen: its event becomes
 * an audit_record, except where the attempt itself matters (logins, connections). */
void bsm_fill(const struct bsm_record *record, struct batch *batch, enum event_kind kind);
#endif
