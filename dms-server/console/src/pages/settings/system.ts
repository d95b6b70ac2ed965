/** The parts of the settings that are about the machine itself, loaded together. */

export { default as BackupTab } from './BackupTab';
export { default as BrandingTab } from './BrandingTab';
export { default as StorageTab } from './StorageTab';
export { default as TranscodeTab } from './TranscodeTab';
