/* Not in an include folder of its own: the system's string.h is meant. */
