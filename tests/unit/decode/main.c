#include "unit.h"

int unit_decode_access(void);
int unit_decode_cef(void);
int unit_decode_decode(void);
int unit_decode_jsonline(void);
int unit_decode_recipe(void);
int unit_decode_rfc5424(void);
int unit_decode_samples(void);
int unit_decode_sshd(void);
int unit_decode_syslog(void);
int unit_decode_vectors(void);
int unit_decode_when(void);
UNIT_MAIN(unit_decode_access, unit_decode_cef, unit_decode_decode, unit_decode_jsonline, unit_decode_recipe, unit_decode_rfc5424,
          unit_decode_samples, unit_decode_sshd, unit_decode_syslog, unit_decode_vectors,
          unit_decode_when)
