/** Korean: the texts, and those of Media Chrome's buttons, which it does not have itself. */

import { addTranslation } from 'media-chrome/dist/utils/i18n.js';

/** Of Media Chrome's texts, those of the parts that the page uses. */
export const PARTS = {
  'Enable captions': '자막 켜기',
  'Disable captions': '자막 끄기',
  'Enter fullscreen mode': '전체 화면',
  'Exit fullscreen mode': '전체 화면 종료',
  Mute: '음소거',
  Unmute: '음소거 해제',
  'Enter picture in picture mode': '화면 속 화면',
  'Exit picture in picture mode': '화면 속 화면 종료',
  Play: '재생',
  Pause: '일시정지',
  'video player': '동영상 플레이어',
  volume: '음량',
  seek: '이동',
  'closed captions': '자막',
  'playback time': '재생 시간',
  'media loading': '동영상을 불러오는 중',
  play: '재생',
  pause: '일시정지',
  mute: '음소거',
  unmute: '음소거 해제',
  'chapter: {chapterName}': '챕터: {chapterName}',
  'enter fullscreen mode': '전체 화면',
  'exit fullscreen mode': '전체 화면 종료',
  'enter picture in picture mode': '화면 속 화면',
  'exit picture in picture mode': '화면 속 화면 종료',
  hour: '시간',
  hours: '시간',
  minute: '분',
  minutes: '분',
  second: '초',
  seconds: '초',
  '{time} remaining': '{time} 남음',
  '{currentTime} of {totalTime}': '{totalTime} 중 {currentTime}',
  'video not loaded, unknown time.': '동영상을 불러오지 않아 시간을 알 수 없습니다.',
};

addTranslation('ko', PARTS);

export { default } from './ko.json';
