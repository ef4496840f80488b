# Neither a module of ours nor ever meant.
