/* Audit records of a Kubernetes API server, one JSON object a line (audit.k8s.io/v1; Kubernetes
 * documentation, "Auditing"). The record keeps its names below kubernetes.audit, as Elastic's
 * integration has them. */
#ifndef MERLON_SENSOR_LOG_KUBE_AUDIT_H
#define MERLON_SENSOR_LOG_KUBE_AUDIT_H
#include "base/buf.h"
#include "event/event.h"

/* Whether a line may be one; cheap. */
bool kube_audit_looks_like(struct str text);
/* Appends the event of a line; scratch is overwritten. Returns 0, -EBADMSG when it is none, -ENOMEM
 * or -E2BIG. */
int kube_audit_event(struct batch *batch, struct str text, struct buf *scratch);
#endif
