/** What examples may use without saying where it comes from: with the starter model, where they run. */
import { Reranker } from 'llama-rerank';

export const query: string = 'where is my parcel?';
export const documents: string[] = ['Parcels take three days.', 'We open at nine.', 'A parcel that is late can be traced.'];

export interface Ticket {
  id: number;
  title: string;
  body: string;
}

export const tickets: Ticket[] = [
  { id: 7, title: 'Opening hours', body: 'We open at nine.' },
  { id: 8, title: 'Late parcel', body: 'A parcel that is late can be traced.' },
];

export const reranker: Reranker = await Reranker.load();
export const request: Request = new Request('http://localhost/');
