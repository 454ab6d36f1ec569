/* exit_code: what the program's end tells a script. The same numbers stand in `ensign help` and docs/cli.md. */
#ifndef PARENT_EXIT_CODE_H
#define PARENT_EXIT_CODE_H

enum exit_code {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_REFUSED = 1,    /* the signer, the policy or KMS said no; or a check does not hold */
    EXIT_CODE_USAGE = 2,      /* the command line is not understood */
    EXIT_CODE_UNREACHED = 3,  /* nobody there, too slow, or no answer of the protocol */
    EXIT_CODE_INPUT = 4,      /* a file, a value or the credentials here are not as they must be */
    EXIT_CODE_BROKEN_LOG = 5, /* journal: entries lost, or the chain does not hold */
    EXIT_CODE_WARNED = 6,     /* doctor: there are warnings and no fault */
    EXIT_CODE_INTERNAL = 70,  /* our own bug, or the system failed us */
};

#define EXIT_CODE_HELP \
    "  0   done\n" \
    "  1   refused: by the signer, the policy or KMS; or a check does not hold\n" \
    "  2   the command line is not understood\n" \
    "  3   not reached: nobody there, too slow, or no answer of the protocol\n" \
    "  4   a file, a value or the credentials here are not as they must be\n" \
    "  5   journal: entries were lost, or the chain does not hold\n" \
    "  6   doctor: there are warnings, and no fault\n" \
    "  70  a fault of ensign itself, or of the system under it\n"

#endif
