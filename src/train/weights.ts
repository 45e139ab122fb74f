import { Turns } from '../core/turns.ts';
import type { Arena, LayerParameters } from '../memory/arena.ts';
import { adoptParameters, type Network } from '../nn/network.ts';

/** The network's weights and those in the arena: which are newer, and how they get across. */
export class Weights {
  /** The parameter slot that holds the weights. */
  slot = 0;
  /** Updates that they have been through since they were set. */
  count = 0;
  readonly #network: Network;
  readonly #arena: Arena;
  #version = -1;
  /** What the network had before the last download, to be written over by the next. */
  #spare: LayerParameters[] | undefined;

  constructor(network: Network, arena: Arena) {
    this.#network = network;
    this.#arena = arena;
  }

  /** Whether parameters were set since the last look. */
  get fresh(): boolean {
    return this.#network.version !== this.#version;
  }

  /** Takes over parameters that were set since the last look, and starts what the optimiser knows of them afresh. */
  upload(): void {
    if (!this.fresh) return;
    this.#arena.storeParameters(this.slot, this.#network.parameters);
    this.#arena.clearState();
    this.count = 0;
    this.#version = this.#network.version;
  }

  /** Begins with the weights that stand in slot 0, after so many updates. */
  async resume(count: number): Promise<void> {
    this.slot = 0;
    this.count = count;
    await this.download();
  }

  /** Gives the network the weights of the last completed update, all at once, without holding up the event loop. */
  async download(): Promise<void> {
    const parameters = this.#spare ?? this.#network.parameters;
    await inSlices(this.#arena.loadParameters(this.slot, parameters));
    this.#spare = adoptParameters(this.#network, parameters);
    this.#version = this.#network.version;
  }
}

/** Does work that comes in pieces, between turns of the event loop. */
export async function inSlices(pieces: Iterable<void>): Promise<void> {
  const turns = new Turns();
  for (const _ of pieces) await turns.next();
}
