/* What the agent says of itself: a line on standard error, with a priority that journald reads when
 * it listens. Libraries never log; agent and commands do. */
#ifndef MERLON_AGENT_LOG_H
#define MERLON_AGENT_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE };

/* Lines above this level are dropped; LOG_LEVEL_NOTICE by default. */
void log_set_level(enum log_level level);
__attribute__((format(printf, 2, 3))) void log_say(enum log_level level, const char *fmt, ...);
#endif
