// Every word on the page, in each of its languages.

/** @type {Record<string, Record<string, string>>} */
export const TEXTS = {
  en: {
    title: 'Live captions',
    source: 'Source', microphone: 'Microphone', tab: 'Tab or system audio', file: 'A file', sample: 'A sample',
    dictation: 'Dictation', commands: 'Commands',
    device: 'Device', defaultDevice: 'Default', chooseFile: 'Choose a file, or drop one here', pace: 'Speed',
    paced: 'As it was spoken', fast: 'As fast as possible', progress: 'Progress', level: 'Level',
    model: 'Model', language: 'Language', automatic: 'Automatic', hotwords: 'Hot words',
    hotwordsHint: 'one a line, or separated by commas', key: 'API key', useKey: 'Use',
    start: 'Start', stop: 'Stop', pause: 'Pause', resume: 'Go on', clear: 'Clear', copy: 'Copy', save: 'Save as',
    copied: 'Copied.', nothingYet: 'There is nothing to copy or save yet.', notCopied: 'The browser did not let this be copied.', live: 'Jump to live', transcript: 'Transcript', settings: 'Settings',
    empty: 'What is said appears here.', pageLanguage: '中文', theme: 'Theme',
    themeSystem: 'As the system', themeLight: 'Light', themeDark: 'Dark',
    documentation: 'API documentation', wires: 'Websocket wires of this server', failedLine: 'This could not be recognised: {reason}',
    idle: 'Ready', opening: 'Opening the source…', connecting: 'Connecting…', listening: 'Listening', paused: 'Paused',
    finishing: 'Finishing…', done: 'Done', away: 'The server is away. Trying again; what is said for {minutes} minutes is not lost.',
    noSignal: 'No signal: the source is silent. Is it switched on, and the right one chosen?', muted: 'The source is muted, by the system or by a switch on it.',
    denied: 'The browser was not allowed to hear this. Allow it in the address bar, then start again.',
    cancelled: 'Nothing was chosen to be shared.',
    noDevice: 'No microphone was found.', busy: 'Another program holds this device.',
    insecure: 'Browsers give microphones only to https pages, or to http://localhost. Start the server with --tls-self-signed.',
    unsupported: 'This browser cannot share audio.',
    noAudioShared: 'No audio was shared. Share again, and tick the box for audio.',
    sourceEnded: 'The source has ended.', badFile: 'The browser cannot decode this file.', noFile: 'Choose a file first.',
    needKey: 'The server wants an API key.', wrongKey: 'The server does not know this API key.',
    unreachable: 'The server does not answer.', refused: 'The server says: {reason}',
    ended: 'The server has ended the session ({reason}).', lost: 'The server was away for too long: {seconds} s of speech were lost.',
    giveUp: 'Do not wait', delay: 'Text after speech:', seconds: '{seconds} s', detected: 'Heard: {language}',
    large: 'Large captions', leave: 'Back to the page', smaller: 'Smaller text', larger: 'Larger text',
    clip: 'Record, then recognise', recording: 'Recording', recognising: 'Recognising…', recorded: 'Recorded:',
    clipKept: '{reason} Your recording is kept as a file: Start sends it again.',
    turns: 'Turns end', turnsPauses: 'At pauses', turnsHeld: 'When I let go of a button', talk: 'Hold to talk',
    holdToTalk: 'Hold Space or the button to talk', transport: 'Connection',
    awayCall: 'The connection is lost. Calling again; what is said meanwhile is lost.',
    history: 'History', historyAbout: 'This browser keeps what was said here. The server keeps nothing of it.',
    keepHistory: 'Keep what is said from now on', noTalks: 'Nothing is kept.', deleteAll: 'Delete all', delete: 'Delete',
    historyBusy: 'Stop first: what is said now would be mixed with it.',
    sureAll: 'Delete all that this browser keeps?', sureClear: 'Clear it? This browser keeps no copy.',
    openTalk: 'Open', close: 'Close', notKept: 'This browser cannot keep what is said.', events: 'Events of the connection',
    shortcuts: 'Shortcuts', spaceKey: 'Space', spaceDoes: 'start, pause, go on; held while talking, where a button ends turns',
    fDoes: 'large captions on the full screen', sizeDoes: 'larger and smaller text', saveDoes: 'save as text',
    helpDoes: 'this list', singleKeys: 'Use the shortcuts of a single key',
    share: 'Share', shareLink: 'Who has this link reads along:', copyLink: 'Copy the link', shareEnd: 'Stop sharing',
    shareLocal: 'This link works on this computer only. For others start the server with --host 0.0.0.0 --tls-self-signed, open this page by the name or address of this computer, and share there.',
    watching: 'Live', watchWaiting: 'Waiting for the speaker', watchAway: 'The server is away. Trying again…', notConnected: 'Not connected',
    noCaptions: 'There are no captions at this link, or not any more.', captionsOver: 'The speaker has stopped sharing.',
    captionsFull: 'All places for readers are taken. Trying again…',
    missingLines: 'Lines are missing here: the server does not keep them any more.',
  },
  zh: {
    title: '实时字幕',
    source: '声音来源', microphone: '麦克风', tab: '标签页或系统声音', file: '文件', sample: '示例',
    dictation: '听写', commands: '口令',
    device: '设备', defaultDevice: '默认', chooseFile: '选择文件，或拖到这里', pace: '速度',
    paced: '按原速', fast: '尽可能快', progress: '进度', level: '音量',
    model: '模型', language: '语言', automatic: '自动', hotwords: '热词',
    hotwordsHint: '每行一个，或用逗号分隔', key: 'API 密钥', useKey: '使用',
    start: '开始', stop: '停止', pause: '暂停', resume: '继续', clear: '清空', copy: '复制', save: '另存为',
    copied: '已复制。', nothingYet: '还没有可以复制或保存的内容。', notCopied: '浏览器不允许复制。', live: '回到实时', transcript: '文字记录', settings: '设置',
    empty: '说的话会出现在这里。', pageLanguage: 'English', theme: '外观',
    themeSystem: '跟随系统', themeLight: '浅色', themeDark: '深色',
    documentation: 'API 文档', wires: '本服务器的 WebSocket 接口', failedLine: '这一句无法识别：{reason}',
    idle: '就绪', opening: '正在打开声音来源…', connecting: '正在连接…', listening: '正在听', paused: '已暂停',
    finishing: '正在收尾…', done: '完成', away: '服务器暂时不在，正在重连；{minutes} 分钟之内说的话不会丢失。',
    noSignal: '没有信号：来源一直无声。请检查开关，以及是否选对了来源。', muted: '来源被静音了（系统设置或设备开关）。',
    denied: '浏览器没有获得收听权限。请在地址栏中允许，然后重新开始。',
    cancelled: '没有选择要共享的内容。',
    noDevice: '没有找到麦克风。', busy: '设备正被其他程序占用。',
    insecure: '浏览器只允许 https 页面或 http://localhost 使用麦克风。请用 --tls-self-signed 启动服务器。',
    unsupported: '此浏览器不能共享声音。',
    noAudioShared: '没有共享声音。请重新共享，并勾选共享音频。',
    sourceEnded: '来源已结束。', badFile: '浏览器无法解码这个文件。', noFile: '请先选择文件。',
    needKey: '服务器需要 API 密钥。', wrongKey: '服务器不认识这个 API 密钥。',
    unreachable: '服务器没有回应。', refused: '服务器说：{reason}',
    ended: '服务器结束了会话（{reason}）。', lost: '服务器离开太久：丢失了 {seconds} 秒的语音。',
    giveUp: '不再等待', delay: '文字比语音晚：', seconds: '{seconds} 秒', detected: '听到的是{language}',
    large: '大字幕', leave: '返回页面', smaller: '缩小文字', larger: '放大文字',
    clip: '先录音，再识别', recording: '正在录音', recognising: '正在识别…', recorded: '已录：',
    clipKept: '{reason}录音已作为文件保留，按“开始”再次发送。',
    turns: '断句', turnsPauses: '停顿时', turnsHeld: '松开按钮时', talk: '按住说话',
    holdToTalk: '按住空格键或按钮说话', transport: '连接方式',
    awayCall: '连接已断开，正在重新呼叫；其间说的话会丢失。',
    history: '历史记录', historyAbout: '在这里说过的话由浏览器保存，服务器不保存。',
    keepHistory: '保存此后说的话', noTalks: '没有保存任何内容。', deleteAll: '全部删除', delete: '删除',
    historyBusy: '请先停止：否则会与正在说的话混在一起。',
    sureAll: '删除此浏览器保存的全部内容？', sureClear: '清空吗？此浏览器没有保存副本。',
    openTalk: '打开', close: '关闭', notKept: '此浏览器无法保存说的话。', events: '连接上的事件',
    shortcuts: '快捷键', spaceKey: '空格', spaceDoes: '开始、暂停、继续；以按钮断句时按住说话',
    fDoes: '全屏大字幕', sizeDoes: '放大、缩小文字', saveDoes: '另存为文本',
    helpDoes: '显示此列表', singleKeys: '使用单键快捷键',
    share: '分享', shareLink: '有此链接的人可以同看字幕：', copyLink: '复制链接', shareEnd: '停止分享',
    shareLocal: '此链接只能在本机打开。要让别人看，请用 --host 0.0.0.0 --tls-self-signed 启动服务器，用本机的名称或地址打开本页，再分享。',
    watching: '直播中', watchWaiting: '正在等待说话人', watchAway: '服务器暂时不在，正在重连…', notConnected: '未连接',
    noCaptions: '此链接没有字幕，或已经结束。', captionsOver: '说话人已停止分享。',
    captionsFull: '同看的人数已满，正在重试…',
    missingLines: '这里缺了几行：服务器已不再保留。',
  },
};

/**
 * The language of ours that somebody who prefers these wants: "zh-TW" is Chinese, anything else English.
 * @param {readonly string[]} preferred
 */
export function chooseLanguage(preferred) {
  for (const name of preferred) {
    const known = Object.keys(TEXTS).find((ours) => name.toLowerCase().split('-')[0] === ours);
    if (known) return known;
  }
  return 'en';
}

/**
 * Throws for a word that is nowhere: a mistake of ours.
 * @param {string} language
 * @param {string} name
 * @param {Record<string, string | number>} values
 */
export function say(language, name, values = {}) {
  const text = TEXTS[language][name];
  if (text === undefined) throw new Error(`no text '${name}' in ${language}`);
  return text.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ''));
}
