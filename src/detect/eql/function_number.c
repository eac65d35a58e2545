/* Functions of numbers, and what makes numbers of texts and lists. */
#include "detect/eql/bound.h"
#include "detect/eql/pattern.h"

struct value eql_run_add(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)call;
	return eql_arithmetic('+', &args[0], &args[1], eql_may(e, EQL_FLOORS));
}

struct value eql_run_subtract(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)call;
	return eql_arithmetic('-', &args[0], &args[1], eql_may(e, EQL_FLOORS));
}

struct value eql_run_multiply(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)call;
	return eql_arithmetic('*', &args[0], &args[1], eql_may(e, EQL_FLOORS));
}

struct value eql_run_divide(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)call;
	return eql_arithmetic('/', &args[0], &args[1], eql_may(e, EQL_FLOORS));
}

struct value eql_run_modulo(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)call;
	return eql_arithmetic('%', &args[0], &args[1], eql_may(e, EQL_FLOORS));
}

struct value eql_run_length(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)e, (void)call;
	if (args[0].type == VALUE_LIST)
		return value_int(args[0].len);
	if (args[0].type == VALUE_TEXT)
		return value_int((int64_t)eql_length(value_str(&args[0])));
	return value_null();
}

/* A whole number in a base of 2 to 36, with a sign. */
static struct value parse_base(struct str text, unsigned base)
{
	bool negative = text.len > 0 && text.ptr[0] == '-';
	uint64_t number = 0;

	if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+'))
		text = str_n(text.ptr + 1, text.len - 1);
	if (text.len == 0)
		return value_null();
	for (size_t i = 0; i < text.len; i++) {
		unsigned c = (unsigned char)text.ptr[i], letter = (c | 32) - 'a';
		unsigned digit = c - '0' < 10 ? c - '0' : letter < 26 ? letter + 10 : 99;
		if (digit >= base || __builtin_mul_overflow(number, (uint64_t)base, &number) ||
			__builtin_add_overflow(number, (uint64_t)digit, &number))
			return value_null();
	}
	if (!negative)
		return value_uint(number);
	struct value zero = value_int(0), positive = value_uint(number);
	return eql_arithmetic('-', &zero, &positive, false);
}

struct value eql_run_number(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct value number;
	int64_t base = 0;

	(void)e, (void)call;
	if (eql_is_number(&args[0]) && args[1].type <= VALUE_NULL)
		return args[0]; /* a field that is one already */
	if (args[0].type != VALUE_TEXT)
		return value_null();
	struct str text = str_trim(value_str(&args[0]));
	bool prefixed = text.len > 2 && text.ptr[0] == '0' && (text.ptr[1] | 32) == 'x';
	if (args[1].type <= VALUE_NULL)
		base = prefixed ? 16 : 10;
	else if (!eql_whole(&args[1], &base) || base < 2 || base > 36)
		return value_null();
	if (base == 10)
		return eql_number_of(text, &number) ? number : value_null();
	if (base == 16 && prefixed)
		text = str_n(text.ptr + 2, text.len - 2);
	return parse_base(text, (unsigned)base);
}
