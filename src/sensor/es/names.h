/* Names of the Endpoint Security kinds by number, up to macOS 27 (ESTypes.h, es_event_type_t). */
#ifndef MERLON_SENSOR_ES_NAMES_H
#define MERLON_SENSOR_ES_NAMES_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

/* In lower case, without AUTH_ or NOTIFY_, as the member of a message's event is called. Empty for
 * numbers that are not known. *ret_auth (may be NULL): a question rather than a notice. */
struct str es_name(uint64_t number, bool *ret_auth);
/* Words for enumerators; NULL when there is none. */
const char *es_btm_item_type(uint64_t type);
const char *es_tcc_update_type(uint64_t type);
const char *es_tcc_right(uint64_t right);
const char *es_tcc_reason(uint64_t reason);
const char *es_openssh_result(uint64_t result);
#endif
