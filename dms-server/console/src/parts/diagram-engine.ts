/** As much of ECharts as diagrams need. A chunk of its own: no page loads it that shows none. */

import { HeatmapChart, SankeyChart, type HeatmapSeriesOption, type SankeySeriesOption } from 'echarts/charts';
import {
  GridComponent,
  TooltipComponent,
  VisualMapComponent,
  type GridComponentOption,
  type TooltipComponentOption,
  type VisualMapComponentOption,
} from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([HeatmapChart, SankeyChart, GridComponent, TooltipComponent, VisualMapComponent, CanvasRenderer]);

export type Option = ComposeOption<
  HeatmapSeriesOption | SankeySeriesOption | GridComponentOption | TooltipComponentOption | VisualMapComponentOption
>;

/** Draws it; answers what takes it away. Nothing of it is HTML, and nothing moves. */
export function draw(element: HTMLElement, option: Option, size: { width: number; height: number }): () => void {
  const chart = init(element, null, { renderer: 'canvas', ...size });
  chart.setOption({ animation: false, ...option });
  return () => chart.dispose();
}
