// Preloaded into the program: turns its wall clock by TURN_MS when SIGUSR2 comes; timers run on.
const now = Date.now.bind(Date);
let turned = 0;
Date.now = () => now() + turned;
process.on("SIGUSR2", () => {
  turned += Number(process.env.TURN_MS);
});
