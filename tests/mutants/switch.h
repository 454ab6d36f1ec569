/* switch: which mutant is on. Included before every source of the mutants' build, and of no other build. */
#ifndef TESTS_MUTANTS_SWITCH_H
#define TESTS_MUTANTS_SWITCH_H

enum { MUTANTS_MAX = 16384 }; /* numbers of mutants, 0 excepted: more than the sources named in zones.py have places */

extern unsigned mutant_now; /* 0: none, and the program is the original */
extern unsigned char mutant_reached[MUTANTS_MAX];

#define MUTANT(number) (mutant_reached[number] = 1, mutant_now == (number))

#endif
