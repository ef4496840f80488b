declare const round: (x: number) => number; export default round;
