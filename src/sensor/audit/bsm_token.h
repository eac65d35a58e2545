/* Tokens of OpenBSM audit records, big endian. Formats: audit.log(5), Solaris audit.log(4), and
 * Apple's own three (identity, Kerberos principals, certificate hashes). */
#ifndef MERLON_SENSOR_AUDIT_BSM_TOKEN_H
#define MERLON_SENSOR_AUDIT_BSM_TOKEN_H
#include <stdbool.h>
#include <stdint.h>
#include "base/cursor.h"
#include "base/json.h"

enum bsm_token_id {
	BSM_FILE32 = 0x11,
	BSM_TRAILER = 0x13,
	BSM_HEADER32 = 0x14,
	BSM_HEADER32_EX = 0x15,
	BSM_FMRI = 0x20,
	BSM_DATA = 0x21,
	BSM_IPC = 0x22,
	BSM_PATH = 0x23,
	BSM_SUBJECT32 = 0x24,
	BSM_XATPATH = 0x25,
	BSM_PROCESS32 = 0x26,
	BSM_RETURN32 = 0x27,
	BSM_TEXT = 0x28,
	BSM_OPAQUE = 0x29,
	BSM_IN_ADDR = 0x2a,
	BSM_IP = 0x2b,
	BSM_IPORT = 0x2c,
	BSM_ARG32 = 0x2d,
	BSM_SOCKET = 0x2e,
	BSM_SEQ = 0x2f,
	BSM_ACL = 0x30,
	BSM_ATTR = 0x31,
	BSM_IPC_PERM = 0x32,
	BSM_LABEL = 0x33,
	BSM_GROUPS = 0x34,
	BSM_ACE = 0x35,
	BSM_USER = 0x36,
	BSM_PRIV = 0x38,
	BSM_UPRIV = 0x39,
	BSM_LIAISON = 0x3a,
	BSM_NEWGROUPS = 0x3b,
	BSM_EXEC_ARGS = 0x3c,
	BSM_EXEC_ENV = 0x3d,
	BSM_ATTR32 = 0x3e,
	BSM_AUTH = 0x3f,
	BSM_XATOM = 0x40,
	BSM_XOBJ = 0x41,
	BSM_XPROTO = 0x42,
	BSM_XSELECT = 0x43,
	BSM_XCOLORMAP = 0x44,
	BSM_XCURSOR = 0x45,
	BSM_XFONT = 0x46,
	BSM_XGC = 0x47,
	BSM_XPIXMAP = 0x48,
	BSM_XPROPERTY = 0x49,
	BSM_XWINDOW = 0x4a,
	BSM_XCLIENT = 0x4b,
	BSM_CMD = 0x51,
	BSM_EXIT = 0x52,
	BSM_ZONENAME = 0x60,
	BSM_HOST = 0x70,
	BSM_ARG64 = 0x71,
	BSM_RETURN64 = 0x72,
	BSM_ATTR64 = 0x73,
	BSM_HEADER64 = 0x74,
	BSM_SUBJECT64 = 0x75,
	BSM_PROCESS64 = 0x77,
	BSM_FILE64 = 0x78,
	BSM_HEADER64_EX = 0x79,
	BSM_SUBJECT32_EX = 0x7a,
	BSM_PROCESS32_EX = 0x7b,
	BSM_SUBJECT64_EX = 0x7c,
	BSM_PROCESS64_EX = 0x7d,
	BSM_IN_ADDR_EX = 0x7e,
	BSM_SOCKET_EX = 0x7f,
	BSM_SOCKINET32 = 0x80,
	BSM_SOCKINET128 = 0x81,
	BSM_SOCKUNIX = 0x82,
	BSM_ARG_UUID = 0x84,
	BSM_RETURN_UUID = 0x85,
	BSM_IDENTITY = 0xed,
	BSM_KRB5_PRINCIPAL = 0xee,
	BSM_CERT_HASH = 0xef,
};

#define BSM_TRAILER_MAGIC 0xb105
#define BSM_TRAILER_BYTES 7
#define BSM_ITEMS_MAX	  16
#define BSM_STRINGS_MAX	  (256 * 1024) /* strings of one list */

enum bsm_item_type {
	BSM_ITEM_NUMBER,
	BSM_ITEM_OCTAL,	  /* number shown in octal: file modes */
	BSM_ITEM_SIGNED,  /* number shown signed */
	BSM_ITEM_TEXT,	  /* without the closing NUL */
	BSM_ITEM_STRINGS, /* number strings, each NUL-terminated, in text */
	BSM_ITEM_ADDRESS, /* 4 or 16 bytes in text */
	BSM_ITEM_BYTES,	  /* in text */
	BSM_ITEM_UUID,	  /* 16 bytes in text */
	BSM_ITEM_NUMBERS, /* text holds number big-endian numbers of width bytes */
};

struct bsm_item {
	const char *name; /* static */
	uint8_t type;
	uint8_t width; /* bytes of each of NUMBERS, of SIGNED */
	uint64_t number;
	struct str text; /* borrowed from the input */
};

struct bsm_token {
	uint8_t id;
	const char *name; /* static: "subject32_ex" */
	uint8_t item_count;
	struct bsm_item items[BSM_ITEMS_MAX];
	struct str raw; /* the whole token with its id byte */
};

/* Reads the token at the cursor. Returns 0; -ENOENT when the id is unknown and -EBADMSG when the
 * token is cut or contradicts itself, both with the cursor where it was. */
int bsm_token_read(struct cursor *cursor, struct bsm_token *ret);

/* Item by name; NULL when the token has none of that name. */
const struct bsm_item *bsm_token_item(const struct bsm_token *token, const char *name);
uint64_t bsm_token_number(const struct bsm_token *token, const char *name); /* 0 without */
struct str bsm_token_text(const struct bsm_token *token, const char *name); /* empty without */

/* Cuts the next string off a STRINGS item's text. */
struct str bsm_strings_next(struct str *rest);

/* The token as a JSON object {"token":name, item:value, …}. Text that is not UTF-8 stands again in
 * hexadecimal as NAME_hex, so that nothing is lost. */
void bsm_token_write(struct json_writer *w, const struct bsm_token *token);

/* Bytes that no known token explains, as {"token":"unknown","data":"hex"}. */
void bsm_rest_write(struct json_writer *w, struct str rest);

struct bsm_header {
	uint8_t id;
	uint32_t size; /* of the whole record */
	uint8_t version;
	uint16_t event, modifier;
	uint64_t time_ns;
	size_t length; /* of the header token */
};
/* Whether a record can begin with these bytes: known header id, known version, sane size and
 * time. Does not look at the trailer. */
bool bsm_header_read(const uint8_t *ptr, size_t len, struct bsm_header *ret);
/* Whether a trailer for a record of this size stands at ptr. */
bool bsm_trailer_matches(const uint8_t *ptr, size_t len, uint32_t record_size);
#endif
