import { expect, test } from 'vitest';
import { userConfigPath } from '../../../src/settings/user-config.ts';

test.each([
  ['linux', {}, '/home/ann', '/home/ann/.config/dreamina/config.json'],
  ['freebsd', {}, '/home/ann', '/home/ann/.config/dreamina/config.json'],
  ['linux', { XDG_CONFIG_HOME: '/xdg' }, '/home/ann', '/xdg/dreamina/config.json'],
  ['linux', { XDG_CONFIG_HOME: '' }, '/home/ann', '/home/ann/.config/dreamina/config.json'],
  ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/ann', '/home/ann/.config/dreamina/config.json'],
  ['darwin', {}, '/Users/ann', '/Users/ann/Library/Application Support/dreamina/config.json'],
  ['darwin', { XDG_CONFIG_HOME: '/xdg' }, '/Users/ann', '/xdg/dreamina/config.json'],
  ['win32', { APPDATA: 'D:\\Roaming' }, 'C:\\Users\\ann', 'D:\\Roaming\\dreamina\\config.json'],
  ['win32', { APPDATA: '' }, 'C:\\Users\\ann', 'C:\\Users\\ann\\AppData\\Roaming\\dreamina\\config.json'],
  ['win32', {}, 'C:\\Users\\ann', 'C:\\Users\\ann\\AppData\\Roaming\\dreamina\\config.json'],
  [
    'win32',
    { XDG_CONFIG_HOME: 'C:\\xdg', APPDATA: 'D:\\Roaming' },
    'C:\\Users\\ann',
    'C:\\xdg\\dreamina\\config.json',
  ],
  [
    'win32',
    { APPDATA: 'relative' },
    'C:\\Users\\ann',
    'C:\\Users\\ann\\AppData\\Roaming\\dreamina\\config.json',
  ],
  ['win32', { APPDATA: 'D:relative' }, '', undefined],
  ['win32', { XDG_CONFIG_HOME: 'xdg', APPDATA: '' }, 'home', undefined],
  ['win32', { APPDATA: 'D:\\Roaming' }, '', 'D:\\Roaming\\dreamina\\config.json'],
  ['linux', { XDG_CONFIG_HOME: '/xdg' }, '', '/xdg/dreamina/config.json'],
  ['linux', { XDG_CONFIG_HOME: 'xdg' }, '', undefined],
  ['linux', { APPDATA: '/appdata' }, '', undefined],
  ['linux', {}, '', undefined],
  ['linux', {}, '.', undefined],
  ['linux', {}, 'home/ann', undefined],
  ['linux', {}, '~', undefined],
  ['darwin', {}, '', undefined],
  ['darwin', {}, './Users/ann', undefined],
] as const)('%s with %j and the home %j', (platform, env, homeDir, expected) => {
  expect(userConfigPath({ platform, env, homeDir })).toBe(expected);
});
