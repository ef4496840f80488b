export default Math.round;
