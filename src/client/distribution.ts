// The tables by which netem spreads delays: normal, pareto and their mixture, made by the rules of iproute2's generators. Only
// sums, products, quotients and square roots, which every machine rounds alike.
//
// Facts: the distributions that iproute2 ships (netem/normal.c, pareto.c, paretonormal.c): 4,096 quantiles in 1/8192 of sigma.

const entries = 4_096;
const scale = 8_192;
const least = -32_768;
const most = 32_767;
const sqrtTwoPi = 2.5066282746310007;

/** Names of distributions; "uniform" is what netem does without a table. */
export type Distribution = "uniform" | "normal" | "pareto" | "paretonormal";

/** The table of a distribution. A new one each time; keep it. */
export function distributionTable(name: Distribution): Int16Array {
  switch (name) {
    case "normal":
      return normalTable();
    case "pareto":
      return paretoTable();
    case "paretonormal":
      return mixedTable();
    default:
      return Int16Array.from(
        { length: entries },
        (_, index) => Math.floor((scale * (2 * index + 1)) / entries) - scale,
      );
  }
}

/** Where the normal distribution has a share of (4 index + 1/2) / 16384 below it: Newton's method, from one to the next. */
function normalTable(): Int16Array {
  const table = new Int16Array(entries);
  let x = -4;
  for (let index = 0; index < entries; index++) {
    const share = (4 * index + 0.5) / (4 * entries);
    for (let step = 0; step < 40; step++) {
      const change = (normalShare(x) - share) / normalDensity(x);
      // Far out the density is small: no leaps.
      x -= Math.max(-0.5, Math.min(0.5, change));
      if (Math.abs(change) < 1e-9) break;
    }
    table[index] = clamp(x * scale);
  }
  return table;
}

function paretoTable(): Int16Array {
  return Int16Array.from({ length: entries }, (_, index) => clamp(paretoAt(index)));
}

function paretoAt(index: number): number {
  return (1 / cubeRoot(1 - index / entries) - 1.5) * (4 / 3) * scale;
}

function mixedTable(): Int16Array {
  const normal = normalTable();
  const pareto = paretoTable();
  return normal.map((value, index) => Math.trunc(value / 4 + (3 * (pareto[index] ?? 0)) / 4));
}

function clamp(value: number): number {
  return Math.max(least, Math.min(most, Math.trunc(value)));
}

function normalDensity(x: number): number {
  return 1 / (exponential((x * x) / 2) * sqrtTwoPi);
}

/** Φ(x) by the series of odd powers over double factorials. */
function normalShare(x: number): number {
  let term = x;
  let sum = x;
  for (let power = 3; Math.abs(term) > 1e-17 && power < 400; power += 2) {
    term *= (x * x) / power;
    sum += term;
  }
  return 0.5 + normalDensity(x) * sum;
}

/** e to the x, for x not negative. */
function exponential(x: number): number {
  let halvings = 0;
  let small = x;
  while (small > 0.5) {
    small /= 2;
    halvings++;
  }
  let term = 1;
  let sum = 1;
  for (let power = 1; power < 20; power++) {
    term *= small / power;
    sum += term;
  }
  for (let turn = 0; turn < halvings; turn++) sum *= sum;
  return sum;
}

function cubeRoot(value: number): number {
  let root = 1;
  for (let step = 0; step < 80; step++) root = (2 * root + value / (root * root)) / 3;
  return root;
}
