#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "detect/eql/bound.h"

__extension__ typedef __int128 wide; /* holds every sum and difference of 64-bit numbers */

bool eql_is_number(const struct value *value)
{
	return value->type == VALUE_INT || value->type == VALUE_UINT || value->type == VALUE_DOUBLE;
}

static wide wide_of(const struct value *value)
{
	return value->type == VALUE_UINT ? (wide)value->u64 : (wide)value->i64;
}

static double double_of(const struct value *value)
{
	return value->type == VALUE_DOUBLE ? value->f64
	       : value->type == VALUE_UINT ? (double)value->u64
					   : (double)value->i64;
}

static int order_wide(wide a, wide b)
{
	return a < b ? EQL_LESS : a > b ? EQL_MORE : EQL_SAME;
}

/* A double holds not every 64-bit number: the whole part is compared as such. */
static int order_mixed(wide a, double b)
{
	if (isnan(b))
		return EQL_NO_ORDER;
	if (b >= 0x1p64)
		return EQL_LESS;
	if (b < -0x1p63)
		return EQL_MORE;
	double whole = trunc(b);
	int order = order_wide(a, (wide)whole);
	if (order != EQL_SAME)
		return order;
	return b > whole ? EQL_LESS : b < whole ? EQL_MORE : EQL_SAME;
}

int eql_order_numbers(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_DOUBLE && b->type == VALUE_DOUBLE)
		return a->f64 < b->f64	  ? EQL_LESS
		       : a->f64 > b->f64  ? EQL_MORE
		       : a->f64 == b->f64 ? EQL_SAME
					  : EQL_NO_ORDER;
	if (b->type == VALUE_DOUBLE)
		return order_mixed(wide_of(a), b->f64);
	if (a->type == VALUE_DOUBLE) {
		int order = order_mixed(wide_of(b), a->f64);
		return order == EQL_NO_ORDER ? order : -order;
	}
	return order_wide(wide_of(a), wide_of(b));
}

bool eql_number_of(struct str text, struct value *ret)
{
	int64_t i64;
	uint64_t u64;
	double f64;

	/* str_to_… take 0x too */
	if (text.len == 0 || memchr(text.ptr, 'x', text.len) != NULL ||
		memchr(text.ptr, 'X', text.len) != NULL)
		return false;
	if (str_to_i64(text, &i64))
		*ret = value_int(i64);
	else if (str_to_u64(text, &u64))
		*ret = value_uint(u64);
	else if (str_to_double(text, &f64))
		*ret = (struct value){.type = VALUE_DOUBLE, .f64 = f64};
	else
		return false;
	return true;
}

bool eql_time_of(struct str text, uint64_t *ret_ns)
{
	return text.len >= 10 && text.ptr[4] == '-' && (unsigned)text.ptr[0] - '0' < 10 &&
	       clock_parse_rfc3339(text, ret_ns);
}

static struct value value_double(double number)
{
	return isfinite(number) ? (struct value){.type = VALUE_DOUBLE, .f64 = number}
				: value_null();
}

static struct value value_wide(wide number)
{
	if (number >= INT64_MIN && number <= INT64_MAX)
		return value_int((int64_t)number);
	if (number >= 0 && number <= UINT64_MAX)
		return value_uint((uint64_t)number);
	return value_double((double)number);
}

static struct value wide_quotient(char op, wide a, wide b, bool floors)
{
	if (b == 0)
		return value_null();
	wide quotient = a / b, rest = a % b;
	if (floors && rest != 0 && (rest < 0) != (b < 0)) {
		quotient--;
		rest += b;
	}
	return value_wide(op == '/' ? quotient : rest);
}

static struct value wide_arithmetic(char op, wide a, wide b, bool floors)
{
	wide product;

	switch (op) {
	case '+':
		return value_wide(a + b);
	case '-':
		return value_wide(a - b);
	case '*':
		if (__builtin_mul_overflow(a, b, &product))
			return value_double((double)a * (double)b);
		return value_wide(product);
	default:
		return wide_quotient(op, a, b, floors);
	}
}

struct value eql_arithmetic(char op, const struct value *a, const struct value *b, bool floors)
{
	if (!eql_is_number(a) || !eql_is_number(b))
		return value_null();
	if (a->type != VALUE_DOUBLE && b->type != VALUE_DOUBLE)
		return wide_arithmetic(op, wide_of(a), wide_of(b), floors);
	double x = double_of(a), y = double_of(b), rest;
	switch (op) {
	case '+':
		return value_double(x + y);
	case '-':
		return value_double(x - y);
	case '*':
		return value_double(x * y);
	case '/':
		return y == 0 ? value_null() : value_double(x / y);
	default:
		if (y == 0)
			return value_null();
		rest = fmod(x, y);
		if (floors)
			rest = rest == 0 ? copysign(0, y) : (rest < 0) != (y < 0) ? rest + y : rest;
		return value_double(rest);
	}
}

bool eql_whole(const struct value *value, int64_t *ret)
{
	if (value->type == VALUE_INT) {
		*ret = value->i64;
		return true;
	}
	if (value->type != VALUE_DOUBLE || value->f64 != trunc(value->f64) ||
		fabs(value->f64) > 0x1p53)
		return false;
	*ret = (int64_t)value->f64;
	return true;
}

/* The shortest digits that give the number back; a whole one keeps its ".0". */
static int print_double(char out[VALUE_TEXT_BYTES], double number)
{
	int len = 0;

	for (int precision = 15; precision <= 17; precision++) {
		double back;
		len = snprintf(out, VALUE_TEXT_BYTES - 2, "%.*g", precision, number);
		if (str_to_double(str_n(out, (size_t)len), &back) && back == number)
			break;
	}
	/* Seventeen digits before the point are more than it holds. */
	if (len >= 17 && strpbrk(out, ".e") == NULL)
		len = snprintf(out, VALUE_TEXT_BYTES - 2, "%.16e", number);
	if (strpbrk(out, ".e") == NULL)
		len += snprintf(out + len, 3, ".0");
	return len;
}

struct str eql_text_of(struct eql_evaluation *e, const struct value *value)
{
	char out[VALUE_TEXT_BYTES];

	if (value->type == VALUE_TEXT)
		return value_str(value);
	if (value->type == VALUE_DOUBLE)
		return arena_strn(e->env->scratch, out, (size_t)print_double(out, value->f64));
	struct str text = value_as_text(value, out);
	return arena_strn(e->env->scratch, text.ptr, text.len);
}
