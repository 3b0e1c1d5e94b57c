// Preloaded into the program: moves its wall clock by TURN_MS on SIGUSR2; timers are not affected.
const now = Date.now.bind(Date);
let turned = 0;
Date.now = () => now() + turned;
process.on("SIGUSR2", () => {
  turned += Number(process.env.TURN_MS);
});
